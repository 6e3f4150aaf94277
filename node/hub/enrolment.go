package hub

import (
	"crypto/rand"
	"crypto/subtle"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
)

// proof returns the proof of identity in an out-of-band request.
func (h *Hub) proof(c echo.Context) node.Proof {
	proof := node.Proof{Name: h.config.Certified(c.Request().TLS)}
	if tokens := c.Request().Header[protocol.TokenHeader]; len(tokens) > 0 {
		proof.Token = tokens[0]
	}
	return proof
}

// admit returns an error unless the caller may deal with the hub out of band in the name of a
// client. A name in the directory belongs to a caller that can prove it. If strangers are let in,
// any other name belongs to the first caller that uses it. The caller holds h.mu.
func (h *Hub) admit(name string, shown node.Proof) error {
	e := h.config.Directory.Client(name)
	known := h.clients[name]
	switch {
	case e != nil && !e.Uses(h.config.Name):
		return node.NewError(protocol.ErrNotEnrolled, "client_name", name, "hub_name", h.config.Name)
	case e == nil && !h.config.Directory.IsOpen():
		return node.NewError(protocol.ErrNotEnrolled, "client_name", name)
	case e != nil && !e.Proves(shown), e == nil && known != nil && !sameToken(known.token, shown.Token):
		return node.NewError(protocol.ErrWrongToken, "client_name", name)
	}
	return nil
}

// tokenOf returns the token that the name of an admitted client is bound to, in case the directory
// does not have it later. Nobody can show the token of a client that came with a certificate.
func (h *Hub) tokenOf(name string, shown node.Proof) string {
	switch e := h.config.Directory.Client(name); {
	case e != nil && e.IsCertified() && shown.Name == name:
		return rand.Text()
	case e != nil && e.Token() != "":
		return e.Token() // the one that was shown, but it is kept once
	default:
		return shown.Token
	}
}

// asEnrolled returns an equal registration, of the texts in the directory if they are there. So a
// hub with many clients does not keep its own.
func (h *Hub) asEnrolled(r protocol.Registration) protocol.Registration {
	e := h.config.Directory.Client(r.ClientName)
	if e == nil {
		return r
	}
	r.ClientName, r.EncryptorNames = e.Name(), e.Same(r.EncryptorNames)
	return r
}

// admitEncryptor returns an error unless an admitted client may register an encryptor. The caller
// holds h.mu.
func (h *Hub) admitEncryptor(client, encryptor string) error {
	serving := h.config.Directory.ClientOf(encryptor)
	if h.config.Directory.Client(client) != nil {
		if serving == nil || serving.Name() != client {
			return node.NewError(protocol.ErrEncryptorNotEnrolled, "client_name", client, "encryptor_name", encryptor)
		}
		return nil
	}
	if owner, bound := h.owners[encryptor]; serving != nil || bound && owner != client {
		return node.NewError(protocol.ErrWrongToken, "encryptor_name", encryptor)
	}
	return nil
}

// isStranger reports whether a client is not enrolled.
func (h *Hub) isStranger(client string) bool { return h.config.Directory.Client(client) == nil }

// checkStrangers returns a [protocol.ErrFull] if r is of a stranger and would bring too many
// encryptors of strangers. That also limits the number of strangers, since each has an encryptor.
// The caller holds h.mu.
func (h *Hub) checkStrangers(r protocol.Registration) error {
	if !h.isStranger(r.ClientName) {
		return nil
	}
	known := len(h.owners)
	if before := h.clients[r.ClientName]; before != nil {
		known -= len(before.encryptors)
	}
	if known+len(r.EncryptorNames) > protocol.MaxStrangers {
		return node.NewError(protocol.ErrFull, "client_name", r.ClientName, "encryptors", known, "limit", protocol.MaxStrangers)
	}
	return nil
}

// ownerOf returns the name of the client that serves an encryptor and uses this hub, if there is
// one.
func (h *Hub) ownerOf(encryptor string) (client string, ok bool) {
	if e := h.config.Directory.ClientOf(encryptor); e != nil {
		return e.Name(), e.Uses(h.config.Name)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	client, ok = h.owners[encryptor]
	return client, ok
}

func sameToken(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
