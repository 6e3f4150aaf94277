package exchange

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"dske/etsi"
	"dske/protocol"
	"dske/sim"
	"dske/sim/ladder"
	"dske/sim/wire"
)

// margin is how much longer the messages that a key did not need are waited for than a client waits for a hub that
// hangs.
const margin = time.Second

// recording is what an exchange sees of the network: its own requests, and the messages about its key.
type recording struct {
	network  *sim.Network
	exchange *Exchange
	hubs     []string // of either client, in the order of the topology
	began    time.Time
	tag      string
	stop     func()

	mu       sync.Mutex
	keyID    string            // once it is known
	about    map[uint64]remark // what the tap has seen, by number
	events   []wire.Event      // how that ended
	expected []string          // method and hub of the messages that are to come
	finish   func()            // called when they all have; nil while that is of no interest
}

// remark is what matters in a message besides its event.
type remark struct {
	keyID string // empty: it is the exchange's own
	note  string // what the answer says is wrong
}

func newRecording(n *sim.Network, o sim.Overview, x *Exchange) *recording {
	r := &recording{network: n, exchange: x, began: time.Now(), tag: n.Text("exchange tag"), about: map[uint64]remark{}}
	for _, h := range o.Hubs {
		if slices.Contains(x.Master.hubs, h.Name) || slices.Contains(x.Slave.hubs, h.Name) {
			r.hubs = append(r.hubs, "hub/"+h.Name)
		}
	}
	untap, unobserve := n.Wire().Tap(r.tapped), n.Wire().Observe(r.observed)
	r.stop = func() { untap(); unobserve() }
	return r
}

// sae returns the ETSI client of an encryptor.
func (r *recording) sae(e End) *etsi.Client {
	transport := tagged{r.network.Wire().Direct("sae/" + e.Encryptor), r.tag}
	return &etsi.Client{URL: sim.KMEURL(r.network.URL(), e.Client), SAE: e.Encryptor,
		HTTP: &http.Client{Transport: transport}}
}

// tapped picks the messages that may be about the key.
func (r *recording) tapped(m wire.Message) {
	keyID, ours := r.keyIn(m)
	if !ours && m.Header.Get(tagHeader) != r.tag {
		return
	}
	seen := remark{keyID: keyID}
	if m.Response.Status != 0 && m.Response.Status != http.StatusOK {
		seen.note = complaint(m.Response.Body)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.about[m.Number] = seen
}

// complaint returns the message in the body of an error: of DSKE and of ETSI GS QKD 014 alike.
func complaint(body []byte) string {
	var e struct {
		Message string `json:"message"`
	}
	json.Unmarshal(body, &e) // a body of another form says nothing
	return e.Message
}

// keyIn returns the ID of the key that a share in band is of, if it is one for the two encryptors. A message with
// several shares is none of this exchange.
func (r *recording) keyIn(m wire.Message) (keyID string, ours bool) {
	if m.Path != protocol.PathKeyShare {
		return "", false
	}
	var share struct {
		Master string `json:"master_sae_id"`
		Slave  string `json:"slave_sae_id"`
		KeyID  string `json:"user_key_id"`
	}
	if m.Method == http.MethodPost {
		if json.Unmarshal(m.Body, &share) != nil {
			return "", false
		}
	} else {
		query, _ := url.ParseQuery(m.Query)
		share.Master, share.Slave, share.KeyID = query.Get("master_sae_id"), query.Get("slave_sae_id"), query.Get("key_id")
	}
	return share.KeyID, share.Master == r.exchange.Master.Encryptor && share.Slave == r.exchange.Slave.Encryptor
}

// observed notes how a message ended.
func (r *recording) observed(e wire.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ours := r.about[e.Number]; !ours {
		return
	}
	r.events = append(r.events, e)
	r.check()
}

// setKey says which key it is that the exchange has made.
func (r *recording) setKey(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.keyID = id
}

// keyOf finds out which key could not be made: the error says so, and else there may be just one that was tried.
func (r *recording) keyOf(err error) {
	var refused *etsi.Error
	if errors.As(err, &refused) {
		if id := detail[string](refused, "key_id"); id != "" {
			r.setKey(id)
			return
		}
	}
	r.mu.Lock()
	var tried []string
	for _, m := range r.about {
		if m.keyID != "" && !slices.Contains(tried, m.keyID) {
			tried = append(tried, m.keyID)
		}
	}
	r.mu.Unlock()
	if len(tried) == 1 {
		r.setKey(tried[0])
	}
}

// expect says that a message is to come from each of the hubs.
func (r *recording) expect(method string, hubs []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, hub := range hubs {
		r.expected = append(r.expected, method+" hub/"+hub)
	}
}

// check ends the waiting when all that is expected has come. The caller holds r.mu.
func (r *recording) check() {
	if r.finish == nil {
		return
	}
	heard := map[string]bool{}
	for _, e := range r.events {
		if r.about[e.Number].keyID == r.keyID {
			heard[e.Method+" "+e.To] = true
		}
	}
	if !slices.ContainsFunc(r.expected, func(message string) bool { return !heard[message] }) {
		r.finish()
	}
}

// wait returns when all that is expected has come, or when nothing more of it can come: both clients are idle, or
// they have given up whatever they wait for.
func (r *recording) wait(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, r.network.HubTimeout()+margin)
	defer cancel()
	r.mu.Lock()
	r.finish = cancel
	r.check()
	r.mu.Unlock()
	r.network.WaitIdle(ctx, r.exchange.Master.Client, r.exchange.Slave.Client) // an error: the waiting has ended
}

// ladder draws what was recorded.
func (r *recording) ladder() ladder.Ladder {
	r.mu.Lock()
	defer r.mu.Unlock()
	x := r.exchange
	l := ladder.Ladder{
		Title: "Key exchange of " + x.Master.Encryptor + " and " + x.Slave.Encryptor,
		Start: r.began, Participants: r.participants(), Messages: []ladder.Message{}, Error: x.Error,
	}
	for _, e := range r.events {
		m := r.about[e.Number]
		if m.keyID != "" && m.keyID != r.keyID {
			continue
		}
		drawn := ladder.Message{Event: e}
		if drawn.Failed() {
			drawn.Note = m.note
		}
		l.Messages = append(l.Messages, drawn)
	}
	slices.SortStableFunc(l.Messages, func(a, b ladder.Message) int { return a.Start.Compare(b.Start) })
	return l
}

// participants returns everybody who can have a part in the exchange: the encryptors at the sides, the hubs in
// the middle.
func (r *recording) participants() []string {
	x := r.exchange
	all := append([]string{"sae/" + x.Master.Encryptor, "client/" + x.Master.Client}, r.hubs...)
	if x.Slave.Client != x.Master.Client {
		all = append(all, "client/"+x.Slave.Client)
	}
	return append(all, "sae/"+x.Slave.Encryptor)
}
