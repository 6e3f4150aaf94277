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
	Token     string       // that proves who it is; empty if a certificate does, or nobody asks
	HTTP      *http.Client // shows a certificate, where URLs are https; default http.DefaultClient
	Certified bool         // the certificate proves who it is, also without the token
}

// ErrNotAdmitted is that a hub does not let a party register.
var ErrNotAdmitted = errors.New("the hub does not admit it")

// Hub is what is needed to check a hub. The parties have to be enrolled there, unless it is open,
// and nobody else may come in their names meanwhile: both register anew for every check. Shares
// stay behind until they expire.
type Hub struct {
	URL           string         // its base, such as http://127.0.0.1:8100/hub/hank
	Suite         protocol.Suite // default protocol.ITS
	Master, Slave Party
	Timeout       time.Duration // for one check; default 30 s
	Large         bool          // make checks too that move tens of megabytes
}

// hubChecks is all checks of hubs, in their order.
func hubChecks() []check[*hubSession] {
	return slices.Concat(enrolmentChecks, registrationChecks, psrdChecks, marksChecks, shareChecks, padChecks, batchChecks,
		signatureChecks, errorChecks, managementChecks,
		tied(protocol.ITS, slices.Concat(purposeChecks, slotChecks, authenticationChecks, spellingChecks, refusalChecks, lockOutChecks, termsChecks)))
}

// Run finds out what hub that is and returns its checks, to be made one after the other until ctx
// ends or the consumer stops. It fails if the hub cannot be reached, or does not take the parties.
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

// metHub is what the checker knows of a hub.
type metHub struct {
	Hub
	number int  // of the hub in its network, as far as that can be told
	python bool // it is of the Python implementation
	open   bool // anybody may register
	other  Party
}

// stranger is nobody's name, with a token that is the same every time: an open hub binds the name
// to it.
var stranger = Party{Name: "conformance-other", Encryptor: "conformance-other", Token: "conformance-other"}

// hubSession is the making of one check.
type hubSession struct {
	metHub
	ctx           context.Context
	record        *record
	master, slave *peer
}

// meet finds out what the hub is.
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

// speaks returns an error if the hub names another suite than it is to be checked for.
func (s *hubSession) speaks() error {
	a, err := s.register(s.Master)
	if err != nil || a.status != http.StatusOK {
		return err // or it is told when a session begins
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

// isPython reports whether an answer to a request for a path that does not exist is one of the
// Python implementation: those of FastAPI have another form than the wire contract says.
func isPython(a answer) bool {
	var e struct{ Detail string }
	return a.status == http.StatusNotFound && a.read(&e) == nil && e.Detail == "Not Found" && a.message() == ""
}

// begin begins a session: both parties register and fill their pools, which is not recorded.
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

// findNumber finds the number of the hub by sending shares with each: there is no other way from
// outside. If it takes none, that is for the checks to say.
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
