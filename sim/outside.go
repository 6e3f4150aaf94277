package sim

import (
	"bytes"
	"cmp"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"dske/node"
	"dske/sim/wire"
)

// maxWitnessed is how many bytes of the bodies of a request from outside and of its answer are
// inspected.
const maxWitnessed = 64 << 10

// maxTold is the maximum length of a text from a caller in reports and in the log, in bytes: more
// than any percent-encoded SAE ID.
const maxTold = 1 << 10

// clip returns a copy of a text, cut to maxTold. Without the copy, the text could keep a whole
// request in memory.
func clip(text string) string {
	if len(text) <= maxTold {
		return strings.Clone(text)
	}
	return strings.ToValidUTF8(text[:maxTold], "") + "…"
}

// Refusal is a request from outside that was refused, or a failed handshake, which has no method.
type Refusal struct {
	wire.Message
	wire.Event
}

// ObserveRefusals calls f for every refusal of a caller from outside, until cancel is called. F is
// called from many goroutines, and the connection waits for it.
func (n *Network) ObserveRefusals(f func(Refusal)) (cancel func()) { return n.refusals.Add(f) }

// outside returns the handler of a port for requests from outside. Requests of encryptors are
// recorded here, since they do not come over the wire. To is the node that the port belongs to; if
// it is empty, the path names the node.
func (n *Network) outside(to string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, path := n.encryptorsDoor(to, r)
		if p == nil {
			next.ServeHTTP(w, r)
			return
		}
		v := newArrival(n, p, path, w, r)
		if n.wire.HasFaults() && !v.isPassedOn() {
			v.strike(next)
		} else {
			next.ServeHTTP(v, r)
		}
		v.end()
		if v.status == 0 { // nothing has been written
			panic(http.ErrAbortHandler) // closes the connection
		}
	})
}

// encryptorsDoor returns the client and the path under it of a request of an encryptor. It returns
// nil for other requests.
func (n *Network) encryptorsDoor(to string, r *http.Request) (*place, string) {
	kind, name, _ := nodeOf(r.URL.Path)
	path := strings.TrimPrefix(r.URL.Path, "/"+kind+"/"+name)
	if byHost, found := kmeOf(r); to != "" || found {
		kind, name, path = string(node.KindClient), byHost, interfaceOf(r.URL.Path)+r.URL.Path
	}
	if to == "" {
		to = kind + "/" + name
	}
	if kind != string(node.KindClient) || wire.KindOf(r.Method, path) != wire.KindEncryptor {
		return nil, ""
	}
	return n.at(to), path
}

// arrival is a request of an encryptor from outside, while it is being answered.
type arrival struct {
	http.ResponseWriter
	network  *Network
	place    *place
	path     string
	request  *http.Request
	start    time.Time
	sent     bytes.Buffer // the start of the body
	status   int          // 0: there is no answer
	fault    string       // kinds of the faults that it met
	isForged bool         // a fault answered, and the client was not asked
	answer   bytes.Buffer // the start of the answer, if somebody may want it
	isRead   bool
}

func newArrival(n *Network, p *place, path string, w http.ResponseWriter, r *http.Request) *arrival {
	v := &arrival{ResponseWriter: w, network: n, place: p, path: path, request: r, start: time.Now(), status: http.StatusOK, isRead: n.wire.IsRead()}
	if r.Body != nil && r.Body != http.NoBody {
		r.Body = struct {
			io.Reader
			io.Closer
		}{io.TeeReader(r.Body, &head{&v.sent, maxWitnessed}), r.Body}
	}
	return v
}

// Unwrap lets [http.ResponseController] find the underlying writer.
func (v *arrival) Unwrap() http.ResponseWriter { return v.ResponseWriter }

func (v *arrival) WriteHeader(status int) {
	v.status = status
	v.ResponseWriter.WriteHeader(status)
}

func (v *arrival) Write(p []byte) (int, error) {
	if v.isRead || v.status != http.StatusOK {
		(&head{&v.answer, maxWitnessed}).Write(p)
	}
	return v.ResponseWriter.Write(p)
}

// isPassedOn reports whether the request came through another process of the network, which has
// applied the faults and reports it.
func (v *arrival) isPassedOn() bool {
	return v.network.IsPart() && v.request.Header.Get(passedOn) != ""
}

// end reports the arrival.
func (v *arrival) end() {
	n, isRefused := v.network, v.status >= http.StatusBadRequest
	if !isRefused && !n.wire.IsWatched() {
		return
	}
	m, e := v.message()
	if v.fault != "" {
		n.config.Logger.Warn("fault", "fault", v.fault, "node", v.place.path(), "path", e.Path, "caller", e.About.Caller.TakenAs, "status", v.status)
	}
	if isRefused {
		e.About.Reason = v.place.reason(v)
		level := slog.LevelInfo
		if v.status == http.StatusUnauthorized {
			level = slog.LevelWarn // somebody may be setting up an encryptor
		}
		n.config.Logger.Log(v.request.Context(), level, "request refused", "node", v.place.path(), "path", e.Path, "caller", e.About.Caller.TakenAs, "address", v.request.RemoteAddr, "status", v.status, "reason", e.About.Reason.Text)
	}
	if !v.isPassedOn() {
		n.wire.Witness(m, e)
	}
	if isRefused {
		n.tellRefusal(Refusal{m, e})
	}
}

func (n *Network) tellRefusal(r Refusal) {
	for _, f := range n.refusals.All() {
		(*f)(r)
	}
}

// received returns the request, with the part of its body that was read.
func (v *arrival) received() wire.Request {
	r := v.request
	from := cmp.Or(v.place.identified(r), claimedName(r))
	return wire.Request{From: "sae/" + from, To: v.place.path(), Method: r.Method, Path: v.path, Query: r.URL.RawQuery, Header: r.Header, Body: v.sent.Bytes()}
}

func (v *arrival) message() (wire.Message, wire.Event) {
	r, caller := v.request, callerOf(v.request)
	m := wire.Message{Number: v.network.wire.NextNumber(), Request: v.received()}
	m.Response = wire.Response{Status: v.status, Header: v.Header(), Body: v.answer.Bytes()}
	caller.TakenAs = "nobody"
	if name := v.place.identified(r); name != "" {
		caller.TakenAs = "SAE " + name
	}
	return m, wire.Event{
		Number: m.Number, From: m.From, To: m.To, Method: clip(r.Method), Path: clip(v.path), Status: v.status, Kind: wire.KindEncryptor,
		Fault: v.fault, Start: v.start, Duration: time.Since(v.start), About: &wire.About{Caller: caller, KeyID: clip(firstKeyID(v))},
	}
}

// callerOf describes the sender of a request over a port.
func callerOf(r *http.Request) *wire.Caller {
	c := &wire.Caller{Address: r.RemoteAddr}
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		shown := r.TLS.PeerCertificates[0]
		c.Certificate = toldOf(shown)
	}
	return c
}

func toldOf(c *x509.Certificate) *wire.Certificate {
	return &wire.Certificate{Subject: clip(c.Subject.String()), Issuer: clip(c.Issuer.String()), NotAfter: c.NotAfter}
}

// claimedName returns the identity that a caller claims, which is not verified.
func claimedName(r *http.Request) string {
	if r.TLS != nil {
		if len(r.TLS.PeerCertificates) > 0 {
			return clip(r.TLS.PeerCertificates[0].Subject.CommonName)
		}
		return ""
	}
	if user, _, isBasic := r.BasicAuth(); isBasic {
		return clip(user)
	}
	return clip(r.Header.Get("Authorization"))
}

// head keeps the start of what is written to it, up to a maximum length.
type head struct {
	kept *bytes.Buffer
	most int
}

func (s *head) Write(p []byte) (int, error) {
	if room := s.most - s.kept.Len(); room > 0 {
		s.kept.Write(p[:min(room, len(p))])
	}
	return len(p), nil
}
