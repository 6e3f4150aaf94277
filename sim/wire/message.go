package wire

import (
	"net/http"
	"strings"
	"time"

	"dske/protocol"
	"dske/sim/fault"
)

// The two halves of a message, and what it is like to have it in one's hands.
type (
	Request   = fault.Request
	Response  = fault.Response
	Deliver   = fault.Deliver
	Intercept = fault.Intercept
)

// Message is a request with the response to it, both as the nodes themselves sent them: before any
// fault. Nothing of it may be changed.
type Message struct {
	Number   uint64 // counts the messages while somebody watches; a copy has that of its original
	Request         // its Header and Body are those of the message itself
	Response Response

	// Handed is the fingerprint of the key that the response hands out, where the key itself is
	// left out; see [Message.WithoutSecrets].
	Handed string
}

// Event says that a message was sent, and how that ended for the sender.
type Event struct {
	Number   uint64        `json:"number"`   // of the message; what a tap sees of it has the same
	From     string        `json:"from"`     // such as client/carol
	To       string        `json:"to"`       // such as hub/hank
	Method   string        `json:"method"`   //
	Path     string        `json:"path"`     // under the node
	Status   int           `json:"status"`   // of HTTP; 0: no response arrived
	Start    time.Time     `json:"start"`    //
	Duration time.Duration `json:"duration"` // nanoseconds
	Fault    string        `json:"fault"`    // kinds of the faults that were at it, separated by spaces

	Elsewhere bool `json:"-"` // another process tells of it

	Kind string `json:"kind,omitempty"` // what it is for: one of the kinds below; empty: none of them
	*About
}

// The kinds of messages.
const (
	KindShare        = "share"        // a share on its way to a hub
	KindFetch        = "fetch"        // a share on its way back
	KindRegistration = "registration" // of a client at a hub
	KindPSRD         = "psrd"         // a block on its way to a client
	KindEncryptor    = "encryptor"    // a request for keys
	KindHandshake    = "handshake"    // of TLS, which failed: there was no request
)

// About is what is known of a message beyond that it was sent. Who does not read messages knows
// nothing of it.
type About struct {
	Exchange string  `json:"exchange,omitempty"` // that keeps it
	Cause    uint64  `json:"cause,omitempty"`    // number of the request of an encryptor that it serves
	KeyID    string  `json:"key_id,omitempty"`
	Share    int     `json:"share,omitempty"`    // from 1
	Again    bool    `json:"again,omitempty"`    // the hub was asked before, and refused
	Verified *bool   `json:"verified,omitempty"` // what the receiver found of its signature, or the sender of that of the response
	Reason   *Reason `json:"reason,omitempty"`   // for a refusal
	Caller   *Caller `json:"caller,omitempty"`   // who called from outside
}

// Reason says in words why a request was refused.
type Reason struct {
	Code  int      `json:"code"` // of HTTP; 0: there was no response
	Text  string   `json:"text"`
	Helps []string `json:"helps,omitempty"` // what can be done
}

// Caller is who sent a request from outside.
type Caller struct {
	Address     string       `json:"address"`
	TakenAs     string       `json:"taken_as"`
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Certificate is that of a caller.
type Certificate struct {
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
}

// KindOf returns the kind of a message by its method and its path under the node.
func KindOf(method, path string) string {
	switch {
	case path == protocol.PathKeyShare || path == protocol.PathKeyShares:
		if method == http.MethodPost {
			return KindShare
		}
		return KindFetch
	case path == protocol.PathPSRD:
		return KindPSRD
	case path == protocol.PathRegistration:
		return KindRegistration
	case strings.HasPrefix(path, "/etsi/") || strings.HasPrefix(path, "/skip/"):
		return KindEncryptor
	}
	return ""
}

// address returns the node that a request is for, such as hub/hank, and the path under it.
func address(r *http.Request) (to, path string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	name, _, _ := strings.Cut(rest, "/")
	to = kind + "/" + name
	return to, strings.TrimPrefix(r.URL.EscapedPath(), "/"+to)
}
