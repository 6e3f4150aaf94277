package wire

import (
	"crypto/sha256"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Trace writes a line for every message, once it has been answered, until stop is called, which
// returns the first write error. It serves to compare two runs: with the same seed, in virtual
// time, they give the same bytes. A line has the nanoseconds since the call of Trace, the parties,
// the request, the status, and for both message and answer the size of the body in bytes and a
// digest of headers and body, so nothing secret. Lines of the same instant are sorted; they are
// written when time has moved on.
func (w *Wire) Trace(to io.Writer) (stop func() error) {
	t := &trace{to: to, began: time.Now()}
	untap := w.Tap(t.add)
	return func() error {
		untap()
		t.mu.Lock()
		defer t.mu.Unlock()
		t.flush()
		return t.err
	}
}

// trace has the lines of the current instant.
type trace struct {
	to    io.Writer
	began time.Time

	mu    sync.Mutex
	at    time.Duration
	lines []string
	err   error
}

func (t *trace) add(m Message) {
	line := fmt.Sprintf("%s %s %s %s?%s %d %d %x %d %x\n", m.From, m.To, m.Method, m.Path, m.Query, m.Response.Status,
		len(m.Body), digest(m.Header, m.Body), len(m.Response.Body), digest(m.Response.Header, m.Response.Body))
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Since(t.began); now != t.at {
		t.flush()
		t.at = now
	}
	t.lines = append(t.lines, line)
}

// flush writes the waiting lines. The caller holds t.mu.
func (t *trace) flush() {
	slices.Sort(t.lines)
	for _, line := range t.lines {
		if t.err == nil {
			_, t.err = fmt.Fprintf(t.to, "%d %s", t.at, line)
		}
	}
	t.lines = t.lines[:0]
}

// digest returns the first 8 bytes of the SHA-256 of a message.
func digest(header http.Header, body []byte) []byte {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(header)) {
		fmt.Fprintf(h, "%q %q\n", name, header[name])
	}
	h.Write(body)
	return h.Sum(nil)[:8]
}
