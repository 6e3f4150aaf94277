package association

import (
	"context"
	"errors"
	"time"
)

const (
	minBackoff = 50 * time.Millisecond
	maxBackoff = 5 * time.Minute
)

// Maintain registers if needed and fills the pools, in a task that lasts as long as that takes.
// Maintain returns at once. It does nothing if such a task is running or the client is not running.
func (a *Association) Maintain() {
	if !a.maintaining.CompareAndSwap(false, true) {
		return
	}
	if err := a.config.Tasks.Go(a.maintain); err != nil {
		a.maintaining.Store(false)
	}
}

func (a *Association) maintain(ctx context.Context) {
	defer func() {
		a.maintaining.Store(false)
		s := a.current()
		hasFile := a.config.ByHand && s != nil && s.isUnheard()
		if a.restarts.Load() > 0 || a.confirmDue.Load() || a.courier != nil && a.hasCome() || hasFile { // this came in when the task was about to end
			a.Maintain()
		}
	}()
	for backoff := minBackoff; ; {
		err := a.topUp(ctx)
		if err == nil || ctx.Err() != nil {
			return
		}
		a.config.Logger.Warn("hub cannot be used", "hub", a.hub.Name, "error", err, "retry_in", backoff)
		heard := a.listen()
		if a.restarts.Load() == maxRestartQuestions { // the hub was said to have started during this attempt
			backoff = minBackoff
			continue
		}
		wait := backoff
		backoff = min(2*backoff, maxBackoff)
		a.config.Tasks.Rest(func() {
			select {
			case <-ctx.Done():
			case <-heard:
				backoff = minBackoff
			case <-time.After(wait):
			}
		})
	}
}

// listen returns a channel that is closed when the hub answers.
func (a *Association) listen() <-chan struct{} {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.heard = make(chan struct{})
	return a.heard
}

// hear ends the wait of maintain, since the hub has answered a request.
func (a *Association) hear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.heard != nil {
		close(a.heard)
		a.heard = nil
	}
}

// topUp makes one attempt of maintain.
func (a *Association) topUp(ctx context.Context) error {
	t, err := a.join(ctx)
	if err != nil {
		return err
	}
	defer t.leave()
	if err := t.checkRestart(ctx); err != nil {
		return err
	}
	s, err := t.ensureSession(ctx)
	if errors.Is(err, errNoFile) { // nothing to do before a file comes
		a.markReady()
		return nil
	}
	if err != nil {
		return err
	}
	return t.fill(ctx, s)
}

// maintainIfNeeded starts maintain if there is no session, if a pool is below the low-water mark
// and can be filled, or if marks must be raised.
func (a *Association) maintainIfNeeded() {
	s := a.current()
	if least, registered := a.Available(); !registered || !a.isCarried() && least < a.config.PSRD.LowWater || s != nil && (s.isShort() || s.isUnheard()) {
		a.Maintain()
	}
}
