package node

import (
	"log/slog"
	"sync"
	"time"
)

// warnEvery is how often there is a line at most, for each reason.
const warnEvery = time.Second

// Warnings keeps lines that anybody can cause, with messages that nobody has signed, from filling a
// log: for each of the reasons that [Refusals] tells apart there is one line a second, which says
// how many were left out before it. The zero value is ready to use, by several goroutines.
type Warnings struct {
	mu      sync.Mutex
	reasons [len(statuses) + 1]struct {
		next    time.Time // when there may be a line again
		leftOut int
	}
}

// Warn writes a line about what happened for the reason that err is of, with err and args, or
// counts it.
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

// admit reports whether there may be a line, and how many were left out since the last one.
func (w *Warnings) admit(err error) (leftOut int, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r := &w.reasons[reasonOf(err)]
	now := time.Now()
	if now.Before(r.next) {
		r.leftOut++
		return 0, false
	}
	leftOut, r.leftOut, r.next = r.leftOut, 0, now.Add(warnEvery)
	return leftOut, true
}
