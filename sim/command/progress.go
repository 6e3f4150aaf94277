package command

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"dske/sim"
)

// progressEvery is how often the line of progress is rewritten at most.
const progressEvery = 100 * time.Millisecond

// progress is one line on a terminal that shows the progress of long work. Everything else that
// appears on that terminal meanwhile, such as the log, must be written through it.
type progress struct {
	to io.Writer

	mu      sync.Mutex
	visible bool      // on a terminal
	written time.Time // when the line was last written; zero: it is not shown
}

// newProgress returns the progress on a file. It only shows on a terminal.
func newProgress(f *os.File) *progress {
	return &progress{to: f, visible: isTerminal(f)}
}

// Set updates the progress. It may be called at any rate.
func (p *progress) Set(done, total int, what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.visible || time.Since(p.written) < progressEvery {
		return
	}
	p.written = time.Now()
	fmt.Fprintf(p.to, "\r\x1b[K%s: %d of %d", what, done, total)
}

// End removes the line.
func (p *progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// Write implements [io.Writer] for other output, which replaces the line until that is written
// again.
func (p *progress) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.to.Write(text)
}

// clear removes the line if it is there. The caller holds p.mu.
func (p *progress) clear() {
	if !p.written.IsZero() {
		io.WriteString(p.to, "\r\x1b[K")
		p.written = time.Time{}
	}
}

// waitReady waits until all clients are ready, and shows how many are.
func waitReady(ctx context.Context, n *sim.Network, p *progress) error {
	var err error
	p.during(func() { err = n.WaitReady(ctx) }, func() (int, int, string) {
		done, all := n.Ready()
		return done, all, "clients ready"
	})
	return err
}

// during does work and meanwhile shows the progress that far returns. It takes at most a tenth of the
// time for asking, as a network may have a million clients to count.
func (p *progress) during(work func(), far func() (done, total int, what string)) {
	if !p.visible {
		work()
		return
	}
	defer p.End()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		work()
	}()
	for pause := progressEvery; ; {
		select {
		case <-ended:
			return
		case <-time.After(pause):
			start := time.Now()
			p.Set(far())
			pause = max(progressEvery, 10*time.Since(start))
		}
	}
}
