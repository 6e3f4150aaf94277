package association

import (
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"dske/protocol"
)

func isQuestion(r *http.Request) bool {
	return r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, protocol.PathRegistration)
}

// Notices that the hub has started, however many, cost one question at a time, and change nothing
// if the hub has not started.
func TestHubStartedIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{}, time.Second)
		w.Maintain()
		synctest.Wait()
		before := w.current()
		var asking, asked atomic.Int32
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if !isQuestion(r) {
				t.Errorf("%s %s", r.Method, r.URL)
				return next(r)
			}
			if asking.Add(1) > 1 {
				t.Error("two questions at a time")
			}
			defer asking.Add(-1)
			asked.Add(1)
			time.Sleep(100 * time.Millisecond)
			return next(r)
		})
		for range 1000 {
			w.HubStarted()
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second)
		if n := asked.Load(); n < 1 || n > 11 {
			t.Errorf("%d questions in a second", n)
		}
		if w.current() != before {
			t.Error("the session has ended")
		}
	})
}

// The client registers again if the hub has lost its state, even if the first answers are lost. It
// asks a hub that never answers only a few times.
func TestHubStartedAndHasLostItsState(t *testing.T) {
	for lost, again := range map[int32]bool{0: true, 4: true, 5: false} {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t, PSRD{}, time.Second)
			w.Maintain()
			synctest.Wait()
			before := w.current()
			w.restart()
			var asked atomic.Int32
			w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
				if isQuestion(r) && asked.Add(1) <= lost {
					return nil, errors.New("connection reset")
				}
				return next(r)
			})
			w.HubStarted()
			time.Sleep(4 * time.Second)
			synctest.Wait()
			if now := w.current(); now == nil || (now != before) != again || asked.Load() > maxRestartQuestions {
				t.Errorf("%d lost answers: registered again: %v, %d questions", lost, now != before, asked.Load())
			}
		})
	}
}

// After a notice that the hub has started, which comes just after a failure, there is no pause
// before the next attempt.
func TestHubStartedDuringFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{}, time.Second)
		first := true
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			if first {
				first = false
				w.HubStarted()
				return nil, errors.New("connection reset")
			}
			return next(r)
		})
		w.Maintain()
		synctest.Wait()
		if w.current() == nil {
			t.Error("it waits before it tries again")
		}
	})
}

// A hub that cannot answer the question, such as one of the Python implementation, is not asked
// again.
func TestHubWithoutAnAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, PSRD{}, time.Second)
		w.Maintain()
		synctest.Wait()
		var asked atomic.Int32
		w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
			asked.Add(1)
			return &http.Response{StatusCode: http.StatusMethodNotAllowed, Body: http.NoBody}, nil
		})
		w.HubStarted()
		time.Sleep(10 * time.Second)
		if n := asked.Load(); n != 1 {
			t.Errorf("%d questions", n)
		}
	})
}
