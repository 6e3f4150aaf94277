package sim

import (
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"dske/sim/fault"
	"dske/sim/wire"
)

const (
	maxHeld    = 4096             // messages that are kept for other processes
	forgetting = 10 * time.Second // after the last request of another process; then messages are no longer recorded
)

// Told is what a process reports to the others about its own nodes: a message, without its secrets,
// or a finding of a client.
type Told struct {
	Message wire.Message `json:"message,omitzero"` // without a number if its content is not known
	Event   wire.Event   `json:"event,omitzero"`
	Finding *Finding     `json:"finding,omitempty"` // set instead of a message
}

// ToldList is the answer to GET /sim/v1/own/messages?after=NUMBER, where NUMBER is Next of an
// earlier answer. Without a number it begins with the messages from now on.
type ToldList struct {
	Told   []Told         `json:"told"`
	Next   int            `json:"next"`
	Faults []fault.Status `json:"faults"` // the faults of this process
}

// teller keeps reports for other processes. It records messages only while somebody asks.
type teller struct {
	network *Network

	mu     sync.Mutex
	stop   func() // nil: it does not record
	asked  time.Time
	tapped map[uint64]wire.Message // by number, until they have ended
	first  int                     // number of the first report that is kept
	told   []Told
}

// since returns the reports since an earlier call. after is next of that call; a number below 0
// stands for now.
func (t *teller) since(after int) (told []Told, next int) {
	t.look()
	t.mu.Lock()
	defer t.mu.Unlock()
	next = t.first + len(t.told)
	if after < 0 {
		after = next
	}
	from := min(max(after-t.first, 0), len(t.told))
	return append([]Told{}, t.told[from:]...), next
}

// look begins to record messages, unless it does already.
func (t *teller) look() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked = time.Now()
	if t.stop != nil {
		return
	}
	t.tapped = map[uint64]wire.Message{}
	w := t.network.wire
	ends := []func(){w.Tap(t.tap), w.Observe(t.observe), t.network.ObserveFindings(t.found)}
	t.stop = func() {
		for _, end := range ends {
			end()
		}
	}
}

func (t *teller) tap(m wire.Message) {
	safe := m.WithoutSecrets()
	t.mu.Lock()
	defer t.mu.Unlock()
	t.tapped[m.Number] = safe
}

// observe reports a message of this process. Other processes report theirs.
func (t *teller) observe(e wire.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.tapped[e.Number] // missing if it was sent before recording began, or if this is a further event of it
	delete(t.tapped, e.Number)
	if !e.Elsewhere {
		t.add(Told{Message: m, Event: e})
	}
	if t.stop != nil && time.Since(t.asked) > forgetting {
		t.stop()
		t.stop = nil
	}
}

func (t *teller) found(f Finding) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !f.elsewhere {
		t.add(Told{Finding: &f})
	}
}

// add keeps a report. The caller holds t.mu.
func (t *teller) add(told Told) {
	t.told = append(t.told, told)
	if len(t.told) > 2*maxHeld {
		t.first += len(t.told) - maxHeld
		t.told = append([]Told(nil), t.told[len(t.told)-maxHeld:]...)
	}
}

// getMessages answers with the messages of this process, for other processes.
func (n *Network) getMessages(c echo.Context) error {
	after := -1
	if text := c.QueryParam("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			return badRequest("Malformed message.", err)
		}
	}
	list := ToldList{Faults: n.faultsHere()}
	list.Told, list.Next = n.teller.since(after)
	return c.JSON(http.StatusOK, list)
}
