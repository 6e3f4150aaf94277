package node

import (
	"log/slog"
	"sync"
	"time"
)

// warnEvery is the minimum time between two lines for the same reason.
const warnEvery = time.Second

// Warnings limits log lines that anybody can cause with unsigned messages: each reason that
// [Refusals] distinguishes has one line a second, which says how many lines were left out before
// it. The zero value is ready to use. It is safe for concurrent use.
type Warnings struct {
	mu      sync.Mutex
	reasons map[int]*warned // by [reasonOf]; few have any
}

// warned is what became of the lines for one reason.
type warned struct {
	next    time.Time // when the next line is allowed
	leftOut int       // lines that were left out since the last one
}

// Warn writes a line with message, err and args, or counts it as left out. The reason is that of
// err.
func (w *Warnings) Warn(log *slog.Logger, err error, message string, args ...any) {
	leftOut, ok := w.admit(err)
	if !ok {
		return
	}
	args = append(args, "reason", err)
	if leftOut > 0 {
		args = append(args, "left_out", leftOut)
	}
	log.Warn(message, args...)
}

// admit reports whether a line is allowed, and how many were left out since the last one.
func (w *Warnings) admit(err error) (leftOut int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	reason := reasonOf(err)
	r := w.reasons[reason]
	if r == nil {
		if w.reasons == nil {
			w.reasons = map[int]*warned{}
		}
		r = &warned{}
		w.reasons[reason] = r
	}
	now := time.Now()
	if now.Before(r.next) {
		r.leftOut++
		return 0, false
	}
	leftOut, r.leftOut, r.next = r.leftOut, 0, now.Add(warnEvery)
	return leftOut, true
}
