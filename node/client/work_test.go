package client

import (
	"testing"
)

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestWork(t *testing.T) {
	var w work
	if !isClosed(w.whenIdle()) {
		t.Error("not idle at first")
	}
	w.begin()
	w.begin()
	first, second := w.whenIdle(), w.whenIdle()
	w.end()
	if isClosed(first) || isClosed(second) {
		t.Error("idle although there is a task")
	}
	w.end()
	if !isClosed(first) || !isClosed(second) || !isClosed(w.whenIdle()) {
		t.Error("not idle although there is no task")
	}
}
