package sim

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
)

// Finding is a client's discovery about hubs: their shares of a key do not fit the others.
type Finding struct {
	KeyID string
	Hubs  []string // names

	elsewhere bool // reported by another process
}

// ObserveFindings calls f for every finding of a client, until cancel is called.
func (n *Network) ObserveFindings(f func(Finding)) (cancel func()) { return n.findings.Add(f) }

// atOdds is the log message of a client that has found out that hubs lie, or were lied to.
const atOdds = "shares at odds with the key"

// overheard is a log handler that passes findings on. A client reports them only in its log: it
// answers its encryptors as usual, and does nothing for experiments.
type overheard struct {
	slog.Handler
	network *Network
}

// Handle implements [slog.Handler].
func (o overheard) Handle(ctx context.Context, r slog.Record) error {
	if r.Message == atOdds && o.network.findings.Any() {
		o.network.tellFinding(r)
	}
	if r.Level >= slog.LevelError {
		o.network.noteMishap(r)
	}
	if !o.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return o.Handler.Handle(ctx, r)
}

// Enabled implements [slog.Handler].
func (o overheard) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelError || level == slog.LevelWarn && o.network.findings.Any() || o.Handler.Enabled(ctx, level)
}

// WithAttrs implements [slog.Handler].
func (o overheard) WithAttrs(attrs []slog.Attr) slog.Handler {
	return overheard{o.Handler.WithAttrs(attrs), o.network}
}

// WithGroup implements [slog.Handler].
func (o overheard) WithGroup(name string) slog.Handler {
	return overheard{o.Handler.WithGroup(name), o.network}
}

// maxMishaps is the maximum number of mishaps that are kept.
const maxMishaps = 16

// Mishaps returns the first errors of the program itself that nodes have logged: panics that ended
// only a request or a task, and internal errors.
func (n *Network) Mishaps() []string {
	n.mishapsMu.Lock()
	defer n.mishapsMu.Unlock()
	return slices.Clone(n.mishaps)
}

func (n *Network) noteMishap(r slog.Record) {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += fmt.Sprintf(" %s=%v", a.Key, a.Value)
		return true
	})
	n.mishapsMu.Lock()
	defer n.mishapsMu.Unlock()
	if len(n.mishaps) < maxMishaps {
		n.mishaps = append(n.mishaps, text)
	}
}

func (n *Network) tellFinding(r slog.Record) {
	var found Finding
	r.Attrs(func(a slog.Attr) bool {
		switch a.Key {
		case "key_id":
			found.KeyID = fmt.Sprint(a.Value)
		case "hubs":
			found.Hubs, _ = a.Value.Any().([]string)
		}
		return true
	})
	n.tell(found)
}

func (n *Network) tell(found Finding) {
	for _, f := range n.findings.All() {
		(*f)(found)
	}
}
