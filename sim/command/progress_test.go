package command

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestProgress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen strings.Builder
		p := &progress{to: &screen, visible: true}
		p.End() // without a beginning
		p.Set(1, 10, "clients ready")
		p.Set(2, 10, "clients ready") // too soon
		<-time.After(progressEvery)
		p.Set(3, 10, "clients ready")
		fmt.Fprintln(p, "a line of the log")
		p.Set(4, 10, "clients ready")
		p.End()
		p.End()
		const clear = "\r\x1b[K"
		want := clear + "clients ready: 1 of 10" + clear + "clients ready: 3 of 10" + clear + "a line of the log\n" + clear + "clients ready: 4 of 10" + clear
		if got := screen.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestProgressOnlyOnATerminal(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := newProgress(write)
	p.Set(1, 10, "clients ready")
	fmt.Fprint(p, "the log")
	p.End()
	write.Close()
	if text, err := io.ReadAll(read); err != nil || string(text) != "the log" {
		t.Errorf("%q, %v", text, err)
	}
}
