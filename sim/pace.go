package sim

import (
	"io"
	"net/http"
	"sync"
	"time"

	"dske/node"
)

// paced limits how long the other side of a connection can delay a request. Waiting for what it
// sends, and until it has taken the answer, may take [node.Patience] in total, plus the time for
// the bytes at [node.SlowestRate]. The handler's own time does not count.
func paced(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		control := http.NewResponseController(w)
		p := &pacedWriter{w, pace{control: control}, pace{control: control, writes: true}}
		if r.Body == nil || r.Body == http.NoBody {
			p.reading.over = true
			next.ServeHTTP(p, r)
		} else {
			r.Body = &pacedBody{r.Body, &p.reading}
			p.writing.expect(0) // for the server's own output, such as 100 Continue
			next.ServeHTTP(p, r)
			if !p.reading.isOver() {
				p.reading.expect(0) // the server may read on where the handler stopped
			}
		}
		p.writing.expect(0) // the server flushes its buffer
	})
}

// slack is the tolerance of deadlines. Setting one takes longer than reading a small body.
const slack = time.Second

// pace is the limit in one direction. Its deadline is that of the connection or stream.
type pace struct {
	control *http.ResponseController
	writes  bool // otherwise it limits reading

	mu    sync.Mutex
	due   time.Time // the deadline; zero: none
	last  time.Time // latest possible deadline; zero: none
	bytes int       // transferred so far
	spent time.Duration
	over  bool // nothing more will be read for the request
}

// expect sets the deadline for n more bytes.
func (p *pace) expect(n int) (began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	began = time.Now()
	left := node.Patience + time.Duration(p.bytes+n)*time.Second/node.SlowestRate - p.spent
	deadline := began.Add(left)
	if !p.last.IsZero() && p.last.Before(deadline) {
		deadline = p.last
	}
	if p.due.IsZero() || deadline.Sub(p.due).Abs() > slack {
		p.setTo(deadline)
	}
	return began
}

func (p *pace) set(t time.Time) error {
	if p.writes {
		return p.control.SetWriteDeadline(t)
	}
	return p.control.SetReadDeadline(t)
}

// setTo sets the deadline. The caller holds p.mu.
func (p *pace) setTo(t time.Time) {
	p.due = t
	_ = p.set(t) // it fails for closed connections and for those in memory
}

// note records how many bytes have passed since expect.
func (p *pace) note(n int, began time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.bytes += n
	p.spent += time.Since(began)
}

// finish notes that nothing more will be read: all has come, or there was an error. If all has come
// it removes the deadline. Otherwise the server, which already waits for the next request, would
// consider the connection lost.
func (p *pace) finish(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.over = true
	if err == io.EOF {
		p.last = time.Time{}
	}
	p.setTo(p.last)
}

func (p *pace) isOver() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// end makes t the last deadline, unless all is over: then there is nothing to cut off.
func (p *pace) end(t time.Time) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over {
		return nil
	}
	p.last, p.due = t, t
	return p.set(t)
}

// pacedBody is the body of a request.
type pacedBody struct {
	io.ReadCloser
	pace *pace
}

func (b *pacedBody) Read(p []byte) (int, error) {
	began := b.pace.expect(0)
	n, err := b.ReadCloser.Read(p)
	b.pace.note(n, began)
	if err != nil {
		b.pace.finish(err)
	}
	return n, err
}

// pacedWriter writes a response. A deadline that [http.ResponseController] sets for it is final.
type pacedWriter struct {
	http.ResponseWriter
	reading, writing pace
}

func (w *pacedWriter) Write(p []byte) (int, error) {
	began := w.writing.expect(len(p))
	n, err := w.ResponseWriter.Write(p)
	w.writing.note(n, began)
	return n, err
}

// FlushError is called by [http.ResponseController].
func (w *pacedWriter) FlushError() error {
	began := w.writing.expect(0)
	err := http.NewResponseController(w.ResponseWriter).Flush()
	w.writing.note(0, began)
	return err
}

// Flush implements [http.Flusher].
func (w *pacedWriter) Flush() { _ = w.FlushError() }

// SetReadDeadline is called by [http.ResponseController].
func (w *pacedWriter) SetReadDeadline(t time.Time) error { return w.reading.end(t) }

// SetWriteDeadline is called by [http.ResponseController].
func (w *pacedWriter) SetWriteDeadline(t time.Time) error { return w.writing.end(t) }
