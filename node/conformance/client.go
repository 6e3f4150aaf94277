package conformance

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/etsi/report"
	"dske/protocol"
)

const (
	// patience is how long the checker waits for what a client has to do of its own accord.
	patience = 10 * time.Second

	// silence is how long it waits for what a client must not do.
	silence = 500 * time.Millisecond
)

// Client is what is needed to check a client, whose hubs have to be those of the checker, all of
// them and in their order, and at least 3.
type Client struct {
	URL       string         // its base, such as http://127.0.0.1:8100/client/carol
	Suite     protocol.Suite // default protocol.ITS
	Threshold int            // shares that make a key; default: a majority of the hubs
	HTTP      *http.Client   // shows the certificate of its encryptor, where URL is https; default http.DefaultClient
	Hubs      *Hubs
	Wait      time.Duration // for the client to register with all hubs; default 1 min
	Timeout   time.Duration // for one check; default 30 s
}

// clientChecks is all checks of clients, in their order. Those that have a client lose trust in its
// hubs, or its registration, come last.
func clientChecks() []check[*clientSession] {
	return slices.Concat(comingChecks, supplyChecks, masterChecks, slaveChecks, doubtChecks, restartChecks, clientManagementChecks)
}

// Run waits until the client has registered with all hubs and returns its checks, to be made one
// after the other until ctx ends or the consumer stops.
func (c Client) Run(ctx context.Context) (iter.Seq[report.Result], error) {
	c.Timeout, c.Wait = cmp.Or(c.Timeout, 30*time.Second), cmp.Or(c.Wait, time.Minute)
	c.HTTP, c.Threshold = cmp.Or(c.HTTP, http.DefaultClient), cmp.Or(c.Threshold, len(c.Hubs.hubs)/2+1)
	if c.Suite == nil {
		c.Suite = protocol.ITS
	}
	c.URL = strings.TrimSuffix(c.URL, "/")
	found, err := c.meet(ctx)
	if err != nil {
		return nil, err
	}
	return func(yield func(report.Result) bool) {
		for _, check := range in(c.Suite, clientChecks()) {
			if ctx.Err() != nil || !yield(judge(ctx, check, c.Timeout, found.python, found.begin)) {
				return
			}
		}
	}, nil
}

// metClient is what the checker knows of a client.
type metClient struct {
	Client
	sae    string // an encryptor of it
	python bool   // it is of the Python implementation
}

// clientSession is the making of one check.
type clientSession struct {
	metClient
	ctx    context.Context
	record *record
	since  []int // by hub: the arrivals before the check
}

// meet waits for the client.
func (c Client) meet(ctx context.Context) (metClient, error) {
	m := metClient{Client: c}
	s := &clientSession{metClient: m, ctx: ctx}
	registered := func(h *playedHub) bool { return h.client != "" && h.channel.OwnKeys.Available() > 0 }
	if !s.untilAll(registered, c.Wait) {
		return m, cmp.Or(ctx.Err(), fmt.Errorf("the client has not come to all hubs within %v", c.Wait))
	}
	h := c.Hubs.hubs[0]
	h.mu.Lock()
	m.sae = h.encryptors[0]
	h.mu.Unlock()
	a, err := send(ctx, c.HTTP, c.URL, request{method: http.MethodGet, path: "/no/such/path"}, nil)
	if err != nil {
		return m, fmt.Errorf("no client answers at %s (%w)", c.URL, err)
	}
	m.python = isPython(a)
	return m, nil
}

// begin begins a session: the hubs keep the rules, and have no shares.
func (m metClient) begin(ctx context.Context, to *record) (*clientSession, error) {
	s := &clientSession{metClient: m, ctx: ctx, record: to}
	m.Hubs.mu.Lock()
	m.Hubs.record = to
	m.Hubs.mu.Unlock()
	for _, h := range m.Hubs.hubs {
		h.mu.Lock()
		h.deviate, h.offered = nil, map[uuid.UUID]protocol.Share{}
		s.since = append(s.since, len(h.arrivals))
		h.mu.Unlock()
	}
	return s, nil
}

// n returns the number of hubs.
func (s *clientSession) n() int { return len(s.Hubs.hubs) }

// name returns the name of the client.
func (s *clientSession) name() string { return s.URL[strings.LastIndex(s.URL, "/")+1:] }

// until waits until something is so that depends on what comes to the hubs, and reports whether it
// is.
func (s *clientSession) until(isSo func() bool, patience time.Duration) bool {
	end := time.NewTimer(patience)
	defer end.Stop()
	for {
		next := s.Hubs.next()
		if isSo() {
			return true
		}
		select {
		case <-s.ctx.Done():
			return false
		case <-end.C:
			return isSo()
		case <-next:
		}
	}
}

// untilAll waits until something is so of all hubs.
func (s *clientSession) untilAll(isSo func(*playedHub) bool, patience time.Duration) bool {
	return s.until(func() bool {
		return !slices.ContainsFunc(s.Hubs.hubs, func(h *playedHub) bool {
			h.mu.Lock()
			defer h.mu.Unlock()
			return !isSo(h)
		})
	}, patience)
}

// quiet waits for what must not come.
func (s *clientSession) quiet(d time.Duration) {
	s.until(func() bool { return false }, d)
}

// misbehave makes the first hubs answer otherwise, in what f says so of.
func (s *clientSession) misbehave(hubs int, f func(h *playedHub, a *arrival) (answer, bool)) {
	for _, h := range s.Hubs.hubs[:hubs] {
		h.mu.Lock()
		h.deviate = f
		h.mu.Unlock()
	}
}

// behave makes all hubs answer as they should.
func (s *clientSession) behave() { s.misbehave(s.n(), nil) }

// ever returns all that came to a hub.
func (s *clientSession) ever(hub int) []*arrival {
	h := s.Hubs.hubs[hub]
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.arrivals)
}

// came returns what came to a hub during the check.
func (s *clientSession) came(hub int) []*arrival { return s.ever(hub)[s.since[hub]:] }

// count counts what came to a hub during the check.
func (s *clientSession) count(hub int, is func(*arrival) bool) (n int) {
	for _, a := range s.came(hub) {
		if is(a) {
			n++
		}
	}
	return n
}

func isInBand(a *arrival) bool { return strings.HasPrefix(a.path, "/dske/api/") }

func isRegistering(a *arrival) bool { return a.asks(http.MethodPut, protocol.PathRegistration) }

func isFetching(a *arrival) bool { return a.asks(http.MethodGet, protocol.PathPSRD) }

func isQuestion(a *arrival) bool { return a.asks(http.MethodGet, protocol.PathRegistration) }

func isPost(a *arrival) bool { return a.method == http.MethodPost && isInBand(a) }

// allCame returns what came to all hubs during the check.
func (s *clientSession) allCame() (all []*arrival) {
	for i := range s.Hubs.hubs {
		all = append(all, s.came(i)...)
	}
	return all
}

// keys asks the client, as its encryptor, for keys: name is enc_keys or dec_keys.
func (s *clientSession) keys(name, query, body string) (answer, []etsi.Key, error) {
	return s.keysOf(s.Hubs.peer, name, query, body)
}

func (s *clientSession) keysOf(peer, name, query, body string) (answer, []etsi.Key, error) {
	r := request{method: http.MethodGet, path: "/etsi/api/v1/keys/" + url.PathEscape(peer) + "/" + name, query: query, body: []byte(body)}
	if body != "" {
		r.method = http.MethodPost
	}
	if !strings.HasPrefix(s.URL, "https:") {
		r = r.with("Authorization", s.sae)
	}
	a, err := send(s.ctx, s.HTTP, s.URL, r, s.record)
	if err != nil || a.status != http.StatusOK {
		return a, nil, err
	}
	var c etsi.KeyContainer
	return a, c.Keys, a.read(&c)
}

// makeKeys makes the client make keys of so many bits.
func (s *clientSession) makeKeys(number, bits int) ([]etsi.Key, error) {
	query := fmt.Sprintf("size=%d", bits)
	if number > 1 {
		query += fmt.Sprintf("&number=%d", number)
	}
	a, keys, err := s.keys("enc_keys", query, "")
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err == nil && len(keys) != number {
		err = fmt.Errorf("%d keys, not %d", len(keys), number)
	}
	return keys, err
}

// given returns the shares of a key that the hubs have, if so many get one.
func (s *clientSession) given(id uuid.UUID, least int) ([]protocol.Share, error) {
	var shares []protocol.Share
	enough := s.until(func() bool {
		shares = nil
		for _, h := range s.Hubs.hubs {
			h.mu.Lock()
			if share, found := h.given[id]; found {
				shares = append(shares, share)
			}
			h.mu.Unlock()
		}
		return len(shares) >= least
	}, patience)
	if !enough {
		return nil, fmt.Errorf("%d hubs have a share of key %v, not %d: %w", len(shares), id, least, s.flaws())
	}
	return shares, nil
}

// flaws returns what was wrong with messages during the check, if anything was.
func (s *clientSession) flaws() error {
	var flaws []error
	for i := range s.Hubs.hubs {
		for _, a := range s.came(i) {
			if a.flaw != nil {
				flaws = append(flaws, a.flaw)
			}
		}
	}
	return errors.Join(flaws...)
}

// madeOf returns an error unless shares make a key.
func (s *clientSession) madeOf(key etsi.Key, shares []protocol.Share) error {
	got, atOdds, err := protocol.Recover(s.Suite, s.Threshold, shares)
	if err == nil && (len(atOdds) > 0 || !bytes.Equal(got.Reveal(), key.Key.Reveal())) {
		err = errors.New("they make another key")
	}
	if err != nil {
		return fmt.Errorf("%d shares of key %v: %w", len(shares), key.ID, err)
	}
	return nil
}

// offer makes new keys of 32 bytes, whose shares the hubs have for the client's encryptor; altered,
// unless it is nil, says what a hub has instead.
func (s *clientSession) offer(number int, altered func(hub int, share protocol.Share) protocol.Share) (map[uuid.UUID][]byte, error) {
	numbers := make([]int, s.n())
	for i := range numbers {
		numbers[i] = i
	}
	keys := map[uuid.UUID][]byte{}
	for range number {
		id, value := uuid.New(), random(keySize)
		shares, err := s.Suite.Split(protocol.NewSecret(value), s.Threshold, numbers, 1, rand.Reader)
		if err != nil {
			return nil, err
		}
		for i, h := range s.Hubs.hubs {
			if altered != nil {
				shares[i] = altered(i, shares[i])
			}
			h.mu.Lock()
			h.offered[id] = shares[i]
			h.mu.Unlock()
		}
		keys[id] = value
	}
	return keys, nil
}

// fetch asks the client for keys that were offered.
func (s *clientSession) fetch(keys map[uuid.UUID][]byte) (answer, []etsi.Key, error) {
	var ids []map[string]string
	for id := range keys {
		ids = append(ids, map[string]string{"key_ID": id.String()})
	}
	if len(ids) == 1 {
		return s.keys("dec_keys", "key_ID="+ids[0]["key_ID"], "")
	}
	body, _ := json.Marshal(map[string]any{"key_IDs": ids})
	return s.keys("dec_keys", "", string(body))
}

// fetches returns an error unless the client delivers keys that were offered.
func (s *clientSession) fetches(keys map[uuid.UUID][]byte, err error) error {
	if err != nil {
		return err
	}
	a, got, err := s.fetch(keys)
	if err == nil {
		err = a.want(http.StatusOK)
	}
	if err != nil {
		return errors.Join(err, s.flaws())
	}
	if len(got) != len(keys) {
		return fmt.Errorf("%d keys, not %d", len(got), len(keys))
	}
	for _, k := range got {
		if !bytes.Equal(k.Key.Reveal(), keys[k.ID]) {
			return fmt.Errorf("key %v is another one", k.ID)
		}
	}
	return nil
}

// failsToFetch returns an error unless the client answers with one of the statuses.
func (s *clientSession) failsToFetch(keys map[uuid.UUID][]byte, err error, statuses ...int) error {
	if err != nil {
		return err
	}
	a, _, err := s.fetch(keys)
	if err != nil {
		return err
	}
	return a.want(statuses...)
}

// managementOf asks the client for something that is for its operator.
func (s *clientSession) managementOf(path string) (answer, error) {
	a, err := send(s.ctx, s.HTTP, s.URL, request{method: http.MethodGet, path: path}, s.record)
	if err == nil && (a.status == http.StatusUnauthorized || a.status == http.StatusForbidden) {
		return a, skip("is for the operator")
	}
	if err == nil {
		err = a.want(http.StatusOK)
	}
	return a, err
}

// hubStarted tells the client that a hub has started.
func (s *clientSession) hubStarted(name string) (answer, error) {
	body, _ := json.Marshal(protocol.HubStarted{HubName: name})
	return send(s.ctx, s.HTTP, s.URL, request{method: http.MethodPost, path: protocol.PathHubStarted, body: body}, s.record)
}
