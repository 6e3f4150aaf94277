package conformance

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"slices"
	"strings"
	"time"

	"dske/etsi/report"
	"dske/protocol"
)

// Party is a client that the checker plays, and an encryptor of it.
type Party struct {
	Name      string
	Encryptor string       // ID
	Token     string       // proves its identity; empty if a certificate does, or if no proof is needed
	HTTP      *http.Client // shows a certificate, where URLs are https; default http.DefaultClient
	Certified bool         // the certificate proves its identity, even without the token
}

// ErrNotAdmitted says that a hub does not let a party register.
var ErrNotAdmitted = errors.New("the hub does not admit it")

// Hub is the configuration to check a hub. The parties must be enrolled there, unless the hub is
// open, and their names must not be in use during the checks: both register again for every check.
// Shares stay behind until they expire.
type Hub struct {
	URL           string         // its base, such as http://127.0.0.1:8100/hub/hank
	Suite         protocol.Suite // default protocol.ITS
	Master, Slave Party
	Timeout       time.Duration // for one check; default 30 s
	Large         bool          // also make checks that move tens of megabytes
}

// hubChecks returns all checks of hubs, in their order.
func hubChecks() []check[*hubSession] {
	return slices.Concat(enrolmentChecks, registrationChecks, psrdChecks, marksChecks, shareChecks, padChecks, batchChecks,
		signatureChecks, errorChecks, managementChecks,
		tied(protocol.ITS, slices.Concat(purposeChecks, slotChecks, authenticationChecks, spellingChecks, refusalChecks, lockOutChecks, termsChecks)))
}

// Run identifies the hub and returns its checks. They are made one after the other until ctx ends
// or the consumer stops. It fails if the hub cannot be reached, or does not admit the parties.
func (h Hub) Run(ctx context.Context) (iter.Seq[report.Result], error) {
	h.Timeout = cmp.Or(h.Timeout, 30*time.Second)
	if h.Suite == nil {
		h.Suite = protocol.ITS
	}
	h.URL = strings.TrimSuffix(h.URL, "/")
	for _, p := range []*Party{&h.Master, &h.Slave} {
		p.HTTP = cmp.Or(p.HTTP, http.DefaultClient)
	}
	found, err := h.meet(ctx)
	if err != nil {
		return nil, err
	}
	return results(ctx, h.Suite, hubChecks(), h.Timeout, found.python, found.begin), nil
}

// metHub is what the checker knows about a hub.
type metHub struct {
	Hub
	number int  // number of the hub in its network, as far as known
	python bool // it is a hub of the Python implementation
	open   bool // anybody may register
	other  Party
}

// stranger is a name that nobody uses, with a token that is always the same: an open hub binds the
// name to it.
var stranger = Party{Name: "conformance-other", Encryptor: "conformance-other", Token: "conformance-other"}

// hubSession is the session of one check.
type hubSession struct {
	metHub
	ctx           context.Context
	record        *record
	master, slave *peer
}

// meet identifies the hub.
func (h Hub) meet(ctx context.Context) (metHub, error) {
	ctx, cancel := context.WithTimeout(ctx, h.Timeout)
	defer cancel()
	m := metHub{Hub: h, other: stranger}
	m.other.HTTP = h.Master.HTTP
	s := &hubSession{metHub: m, ctx: ctx}
	a, err := s.as(h.Master, request{method: http.MethodGet, path: "/no/such/path"})
	if err != nil {
		return m, fmt.Errorf("no hub answers at %s (%w)", h.URL, err)
	}
	m.python = isPython(a)
	if a, err = s.register(m.other); err == nil && a.status == http.StatusOK {
		m.open = true
		_, err = s.as(m.other, unregistering(m.other.Name))
	}
	if err != nil {
		return m, err
	}
	if err := s.speaks(); err != nil {
		return m, err
	}
	if s, err = m.begin(ctx, nil); err != nil {
		return m, err
	}
	m.number, err = s.findNumber()
	return m, err
}

// speaks returns an error if the hub names a suite other than the one to check.
func (s *hubSession) speaks() error {
	a, err := s.register(s.Master)
	if err != nil || a.status != http.StatusOK {
		return err // an error is reported when a session begins
	}
	var registered protocol.Registered
	if err := a.read(&registered); err != nil {
		return err
	}
	if name := cmp.Or(registered.Suite, protocol.SuitePython); name != s.Suite.Name() {
		return fmt.Errorf("the hub speaks suite %.64s, and the rules are those of %s", name, s.Suite.Name())
	}
	return nil
}

// isPython reports whether an answer to a request for a path that does not exist is from the Python
// implementation: FastAPI has another form than the wire contract.
func isPython(a answer) bool {
	var e struct{ Detail string }
	return a.status == http.StatusNotFound && a.read(&e) == nil && e.Detail == "Not Found" && a.message() == ""
}

// begin begins a session: both parties register and fill their pools. This is not recorded.
func (m metHub) begin(ctx context.Context, to *record) (*hubSession, error) {
	s := &hubSession{metHub: m, ctx: ctx}
	s.master, s.slave = s.peer(m.Master), s.peer(m.Slave)
	for _, p := range []*peer{s.master, s.slave} {
		if err := p.connect(); err != nil {
			return nil, fmt.Errorf("client %s: %w", p.Name, err)
		}
	}
	s.record = to
	return s, nil
}

// findNumber finds the number of the hub by sending shares with each number: there is no other way
// from outside. If the hub takes none, the checks will report that.
func (s *hubSession) findNumber() (int, error) {
	if !s.Suite.Rules().Numbered {
		return 0, nil
	}
	for number := range protocol.MaxHubs {
		m, value := s.newShare()
		m.ShareIndex = number
		r, err := s.master.post(m, value)
		if errors.Is(err, errPoolEmpty) {
			if err = s.master.connect(); err == nil {
				r, err = s.master.post(m, value)
			}
		}
		if err != nil {
			return 0, err
		}
		a, err := s.as(s.Master, r)
		if err != nil {
			return 0, err
		}
		if a.status == http.StatusOK {
			return number, nil
		}
	}
	return 0, nil
}

// name returns the name of the hub.
func (s *hubSession) name() string { return s.URL[strings.LastIndex(s.URL, "/")+1:] }

// as sends a request as a party.
func (s *hubSession) as(p Party, r request) (answer, error) {
	if p.Token != "" && !strings.HasPrefix(r.path, "/dske/api/") && r.header.Values(protocol.TokenHeader) == nil {
		r = r.with(protocol.TokenHeader, p.Token)
	}
	return send(s.ctx, p.HTTP, s.URL, r, s.record)
}
