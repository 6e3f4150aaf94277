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
	maxHeld    = 4096             // messages that are kept for those who ask
	forgetting = 10 * time.Second // since somebody asked: after that, messages are not looked at any more
)

// Told is what a process tells the others of its own nodes: a message, without what is secret in
// it, or what a client has found out.
type Told struct {
	Message wire.Message `json:"message,omitzero"` // without a number: what was in it is not known
	Event   wire.Event   `json:"event,omitzero"`
	Finding *Finding     `json:"finding,omitempty"` // then there is no message
}

// ToldList is the answer to GET /sim/v1/own/messages?after=NUMBER, which wants next of an earlier
// answer. Without a number it begins with what comes from now on.
type ToldList struct {
	Told   []Told         `json:"told"`
	Next   int            `json:"next"`
	Faults []fault.Status `json:"faults"` // between the nodes, as this process has them
}

// teller keeps what is told to other processes. It looks at messages only while somebody asks.
type teller struct {
	network *Network

	mu     sync.Mutex
	stop   func() // nil: it does not look
	asked  time.Time
	tapped map[uint64]wire.Message // by number, until it is known how they ended
	first  int                     // number of the first one that is kept
	told   []Told
}

// since returns what there was since an earlier call, which is what that call returned as next; a
// number below 0 stands for now.
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

// look begins to look at messages, unless that is being done.
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

// observe tells of a message of this process. Of others, theirs do.
func (t *teller) observe(e wire.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	m := t.tapped[e.Number] // none, if it was sent before that was wanted, or if this is another event of it
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

// add keeps what is to be told. The caller holds t.mu.
func (t *teller) add(told Told) {
	t.told = append(t.told, told)
	if len(t.told) > 2*maxHeld {
		t.first += len(t.told) - maxHeld
		t.told = append([]Told(nil), t.told[len(t.told)-maxHeld:]...)
	}
}

// getMessages serves what other processes want to know of the messages of this one.
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
