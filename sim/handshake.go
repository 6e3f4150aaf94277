package sim

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"dske/sim/wire"
)

// maxHandshake is the time limit of a handshake.
const maxHandshake = 10 * time.Second

// handshakes is a listener whose connections have completed the TLS handshake. The server of
// net/http would do the handshake too, but would only log a line when it fails.
type handshakes struct {
	net.Listener
	config *tls.Config
	failed func(to, from net.Addr, err error)

	ctx    context.Context // ends with Close
	cancel context.CancelFunc
	accept sync.Once
	ready  chan net.Conn
	ended  chan struct{} // closed when err is set
	err    error
}

func newHandshakes(l net.Listener, config *tls.Config, failed func(to, from net.Addr, err error)) *handshakes {
	config = config.Clone()
	config.NextProtos = []string{"h2", "http/1.1"}
	ctx, cancel := context.WithCancel(context.Background())
	return &handshakes{Listener: l, config: config, failed: failed, ctx: ctx, cancel: cancel, ready: make(chan net.Conn), ended: make(chan struct{})}
}

// Accept implements [net.Listener].
func (h *handshakes) Accept() (net.Conn, error) {
	h.accept.Do(func() { go h.acceptAll() })
	select {
	case c := <-h.ready:
		return c, nil
	case <-h.ended:
		return nil, h.err
	}
}

// Close implements [net.Listener].
func (h *handshakes) Close() error {
	h.cancel()
	return h.Listener.Close()
}

func (h *handshakes) acceptAll() {
	var under sync.WaitGroup
	for {
		c, err := h.Listener.Accept()
		if err != nil {
			under.Wait()
			h.err = err
			close(h.ended)
			return
		}
		under.Go(func() { h.shake(c) })
	}
}

// shake does the handshake of a connection, and passes it to Accept.
func (h *handshakes) shake(c net.Conn) {
	ctx, cancel := context.WithTimeout(h.ctx, maxHandshake)
	defer cancel()
	secure := tls.Server(c, h.config)
	if err := secure.HandshakeContext(ctx); err != nil {
		h.fail(c, err)
		return
	}
	select {
	case h.ready <- secure:
	case <-h.ctx.Done():
		secure.Close()
	}
}

func (h *handshakes) fail(c net.Conn, err error) {
	var plain tls.RecordHeaderError
	if errors.As(err, &plain) && plain.Conn != nil && isHTTP(plain.RecordHeader) {
		io.WriteString(c, "HTTP/1.0 400 Bad Request\r\n\r\nThis port speaks TLS: the URL starts with https.\n")
	}
	h.failed(h.Addr(), c.RemoteAddr(), err)
	c.Close()
}

// isHTTP reports whether a failed handshake began with an HTTP request.
func isHTTP(start [5]byte) bool {
	for _, method := range []string{"GET /", "POST ", "PUT /", "HEAD ", "DELET", "OPTIO", "PATCH"} {
		if string(start[:]) == method {
			return true
		}
	}
	return false
}

// failedHandshake reports a failed handshake, unless the caller just went away.
func (n *Network) failedHandshake(to, from net.Addr, err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) {
		return
	}
	reason, caller := n.explainHandshake(err), &wire.Caller{Address: from.String(), TakenAs: "nobody: refused in the handshake"}
	name := ""
	var refused *tls.CertificateVerificationError
	if errors.As(err, &refused) && len(refused.UnverifiedCertificates) > 0 {
		shown := refused.UnverifiedCertificates[0]
		name = clip(shown.Subject.CommonName)
		caller.Certificate = toldOf(shown)
	}
	reason.Text = clip(reason.Text)
	node := n.nodeAt(to)
	n.config.Logger.Warn("TLS handshake failed", "node", node, "address", from, "reason", reason.Text)
	e := wire.Event{
		Number: n.wire.NextNumber(), From: "sae/" + name, To: node, Kind: wire.KindHandshake, Start: time.Now(),
		About: &wire.About{Caller: caller, Reason: reason},
	}
	m := wire.Message{Number: e.Number, Request: wire.Request{From: e.From, To: e.To}}
	n.wire.Witness(m, e)
	n.tellRefusal(Refusal{m, e})
}

// nodeAt returns the path of the node whose port has the address.
func (n *Network) nodeAt(address net.Addr) string {
	for _, c := range n.clients {
		if url := c.ports().kmeURL; url != "" && strings.HasSuffix(url, "://"+reachable(address, address.String())) {
			return c.path()
		}
	}
	return "network"
}

// explainHandshake explains in words why the handshake failed.
func (n *Network) explainHandshake(err error) *wire.Reason {
	const ended = ", so the connection ended before any request was read."
	var (
		unknown x509.UnknownAuthorityError
		invalid x509.CertificateInvalidError
		plain   tls.RecordHeaderError
		alert   tls.AlertError
		shown   *tls.CertificateVerificationError
	)
	errors.As(err, &shown)
	renew := []string{"dske certs makes certificates that this network trusts."}
	switch {
	case errors.As(err, &unknown) && shown != nil:
		return &wire.Reason{Text: fmt.Sprintf("The certificate was issued by “%s”. This network trusts “%s” only%s", issuerOf(shown), n.trusted, ended),
			Helps: []string{"Have it signed by the authority of this network: ca.crt and ca.key in the directory of --tls.", renew[0]}}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return &wire.Reason{Text: untimely(invalid.Cert) + ended, Helps: append(renew, "Or set the clock of the appliance, or of this host.")}
	case errors.As(err, &plain):
		return &wire.Reason{Text: "The caller did not speak TLS, but perhaps plain HTTP to a port that speaks TLS" + ended, Helps: []string{"Begin the URL with https."}}
	case strings.Contains(err.Error(), "didn't provide a certificate"):
		return &wire.Reason{Text: "The caller showed no certificate, but this port requires one of everybody" + ended, Helps: []string{"Show a certificate of this network’s authority.", "Or run the network without --tls-all."}}
	case errors.As(err, &alert) || strings.Contains(err.Error(), "remote error"):
		return &wire.Reason{Text: fmt.Sprintf("The caller did not accept the certificate of this port (%v)%s", err, ended),
			Helps: []string{fmt.Sprintf("Let the appliance trust “%s”: ca.crt in the directory of --tls.", n.trusted), "Call the port under a name that its certificate has."}}
	default:
		return &wire.Reason{Text: fmt.Sprintf("The handshake failed: %v.", err)}
	}
}

func issuerOf(e *tls.CertificateVerificationError) string {
	if len(e.UnverifiedCertificates) == 0 {
		return "somebody"
	}
	return e.UnverifiedCertificates[0].Issuer.CommonName
}

// untimely describes why a certificate is not valid now.
func untimely(c *x509.Certificate) string {
	const day = "2006-01-02 15:04"
	if time.Now().Before(c.NotBefore) {
		return fmt.Sprintf("The certificate of %s is not valid yet: from %s on", c.Subject.CommonName, c.NotBefore.Format(day))
	}
	return fmt.Sprintf("The certificate of %s has expired, on %s", c.Subject.CommonName, c.NotAfter.Format(day))
}
