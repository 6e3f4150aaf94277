package wire

// How closely messages are looked at.
const (
	nobody    = iota // they just pass
	onlookers        // it is told that they passed
	insiders         // they are taken apart, for a tap, for somebody who intercepts or for a fault
)

// Observe calls f for every message once it has been answered, until cancel is called. F is called
// by many goroutines at once, and the sender waits for it.
func (w *Wire) Observe(f func(Event)) (cancel func()) { return watch(w, &w.observers, f) }

// Tap is like [Wire.Observe], with all that is in the messages. They must not be changed. A tap
// hears of a message before the observers do.
func (w *Wire) Tap(f func(Message)) (cancel func()) { return watch(w, &w.taps, f) }

// Intercept puts every message that is sent from now on into the hands of f, until cancel is
// called: f may do to it whatever [Intercept] says. To send messages of its own, f has
// [Wire.Transport]. Messages that f still holds when it is cancelled stay with it. F is called by
// many goroutines at once.
func (w *Wire) Intercept(f Intercept) (cancel func()) { return watch(w, &w.interceptors, f) }

// watch adds f to a list of w.
func watch[F any](w *Wire, list *Watchers[F], f F) (cancel func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	remove := list.Add(f)
	w.update()
	return func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		remove()
		w.update()
	}
}

// IsRead reports whether somebody wants to know what is in messages, and not just that they were
// sent.
func (w *Wire) IsRead() bool { return w.taps.Any() }

// IsWatched reports whether anybody wants to know of messages.
func (w *Wire) IsWatched() bool { return w.attention.Load() != nobody }

// Witness tells those who watch of a message that came another way: from outside, over a port.
// Number is one of [Wire.NextNumber]; without one in m, no more is known than the event. Nobody can
// lay hands on it.
func (w *Wire) Witness(m Message, e Event) {
	if m.Number != 0 {
		w.tellTaps(m)
	}
	w.tellObservers(e)
}

// NextNumber returns the number of the next message.
func (w *Wire) NextNumber() uint64 { return w.messages.Add(1) }

func (w *Wire) tellObservers(e Event) {
	for _, f := range w.observers.All() {
		(*f)(e)
	}
}

func (w *Wire) tellTaps(m Message) {
	for _, f := range w.taps.All() {
		(*f)(m)
	}
}

// update settles how closely messages are looked at. The caller holds w.mu.
func (w *Wire) update() {
	attention := nobody
	switch {
	case w.taps.Any() || w.interceptors.Any() || len(w.faults.Statuses()) > 0:
		attention = insiders
	case w.observers.Any():
		attention = onlookers
	}
	w.attention.Store(int32(attention))
}
