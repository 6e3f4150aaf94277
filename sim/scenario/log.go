package scenario

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

// logBook keeps the warnings and errors of a network.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// handler returns a handler that writes into the book, without the time.
func (b *logBook) handler() slog.Handler {
	return slog.NewTextHandler(b, &slog.HandlerOptions{
		Level: slog.LevelWarn,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if a.Key == slog.TimeKey || a.Key == "retry_in" {
				return slog.Attr{}
			}
			return a
		},
	})
}

// take returns the lines since the last call, each once, in an order that does not depend on time.
func (b *logBook) take() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	lines := strings.SplitAfter(b.text.String(), "\n")
	b.text.Reset()
	slices.Sort(lines)
	return strings.Join(slices.Compact(lines), "")
}
