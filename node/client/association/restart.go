package association

import (
	"context"
	"errors"
	"net/http"

	"dske/node"
)

// maxRestartQuestions is how often the hub is asked after a notice that it has started, if it gives
// no answer.
const maxRestartQuestions = 5

var errNoAnswer = errors.New("the hub does not tell its boot ID")

// HubStarted handles a notice that the hub has started. Anybody may have sent it, so it costs no
// more than a question, one at a time: whether the hub still knows the client. If it does not, the
// client registers again. HubStarted returns at once.
func (a *Association) HubStarted() {
	a.unsettled.Store(a.config.ByHand)
	a.restarts.Store(maxRestartQuestions)
	a.hear()
	a.Maintain()
}

// checkRestart asks the hub about the association if the hub is said to have started, and ends the
// session if the hub does not know it. It fails if the question must be asked again.
func (t *turn) checkRestart(ctx context.Context) error {
	defer t.unsettled.Store(false)
	left := t.restarts.Swap(0)
	s := t.current()
	if left == 0 || s == nil {
		return nil
	}
	if t.config.ByHand {
		if answered, _ := t.mendByHand(ctx, s); !answered && left > 1 {
			t.restarts.CompareAndSwap(0, left-1)
			return errNoAnswer
		}
		return nil
	}
	_, isApart, err := t.compare(ctx, s)
	var refused *node.Error
	switch {
	case isApart:
		t.config.Logger.Info("hub has started", "hub", t.hub.Name)
		t.forget(s)
	case err == nil, errors.As(err, &refused) && refused.Status < http.StatusInternalServerError:
	case left > 1:
		t.restarts.CompareAndSwap(0, left-1)
		return err
	}
	return nil
}
