package node

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"

	"dske/protocol"
)

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func TestTasks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var tasks Tasks
		if err := tasks.Go(func(context.Context) {}); !errors.Is(err, protocol.ErrStopped) {
			t.Errorf("before Open: %v", err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		tasks.Open(ctx)
		if !isClosed(tasks.whenIdle()) {
			t.Error("not idle at first")
		}
		resting, working := make(chan struct{}), make(chan struct{})
		tasks.Go(func(context.Context) { tasks.Rest(func() { <-resting }) })
		tasks.Go(func(ctx context.Context) { <-working; <-ctx.Done() })
		synctest.Wait()
		first, second := tasks.whenIdle(), tasks.whenIdle()
		close(working)
		synctest.Wait()
		if isClosed(first) || isClosed(second) {
			t.Error("idle although a task works")
		}
		cancel()
		synctest.Wait()
		if !isClosed(first) || !isClosed(second) || !isClosed(tasks.whenIdle()) {
			t.Error("not idle although the only task rests")
		}
		ended := make(chan struct{})
		go func() { tasks.Wait(); close(ended) }()
		synctest.Wait()
		if isClosed(ended) {
			t.Error("a resting task is not waited for")
		}
		close(resting)
		<-ended
		if _, err := tasks.Lifetime(); !errors.Is(err, protocol.ErrStopped) {
			t.Errorf("afterwards: %v", err)
		}
	})
}

// A panic of a task is passed on, and ends only the task.
func TestTaskPanics(t *testing.T) {
	var told any
	tasks := &Tasks{Panicked: func(reason any, stack []byte) { told = reason }}
	tasks.Open(t.Context())
	if err := tasks.Go(func(context.Context) { panic("at the disco") }); err != nil {
		t.Fatal(err)
	}
	if err := tasks.WaitIdle(t.Context()); err != nil || told != "at the disco" {
		t.Errorf("%v, %v", told, err)
	}
}
