package wire

// How closely messages are watched.
const (
	nobody    = iota // messages just pass
	onlookers        // messages are reported
	insiders         // messages are read, for a tap, an interceptor or a fault
)

// Observe calls f for every message once it has been answered, until cancel is called. F is called
// from many goroutines, and the sender waits for it.
func (w *Wire) Observe(f func(Event)) (cancel func()) { return watch(w, &w.observers, f) }

// Tap is like [Wire.Observe], with the whole messages. They must not be changed. A tap is called
// for a message before the observers.
func (w *Wire) Tap(f func(Message)) (cancel func()) { return watch(w, &w.taps, f) }

// Intercept passes every message that is sent from now on through f, until cancel is called: f may
// do with it whatever [Intercept] allows. To send messages of its own, f can use [Wire.Transport].
// Messages that f still holds when it is cancelled stay with it. F is called from many goroutines.
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

// IsRead reports whether somebody reads the content of messages.
func (w *Wire) IsRead() bool { return w.taps.Any() }

// IsWatched reports whether anybody watches messages.
func (w *Wire) IsWatched() bool { return w.attention.Load() != nobody }

// Witness notifies the watchers of a message that came another way: from outside, over a port.
// Number is from [Wire.NextNumber]; if m has none, only the event is known. Such a message cannot
// be intercepted.
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

// update determines how closely messages are watched. The caller holds w.mu.
func (w *Wire) update() {
	attention := nobody
	switch {
	case w.taps.Any() || w.interceptors.Any() || w.faults.Any():
		attention = insiders
	case w.observers.Any():
		attention = onlookers
	}
	w.attention.Store(int32(attention))
}
