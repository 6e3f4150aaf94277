package wire

import (
	"net/http"
	"strings"
	"time"

	"dske/protocol"
	"dske/sim/fault"
)

// The two halves of a message, and functions that intercept it.
type (
	Request   = fault.Request
	Response  = fault.Response
	Deliver   = fault.Deliver
	Intercept = fault.Intercept
)

// Message is a request with its response, both as the nodes themselves sent them, before any fault.
// It must not be changed.
type Message struct {
	Number   uint64 // number of the message while somebody watches; a copy has that of its original
	Request         // with the original Header and Body
	Response Response

	// Handed is the fingerprint of the key in the response, if the key itself was removed; see
	// [Message.WithoutSecrets].
	Handed string
}

// Event says that a message was sent, and how that ended for the sender.
type Event struct {
	Number   uint64        `json:"number"`   // number of the message, also for taps
	From     string        `json:"from"`     // such as client/carol
	To       string        `json:"to"`       // such as hub/hank
	Method   string        `json:"method"`   //
	Path     string        `json:"path"`     // path under the node
	Status   int           `json:"status"`   // HTTP status; 0: no response arrived
	Start    time.Time     `json:"start"`    //
	Duration time.Duration `json:"duration"` // nanoseconds
	Fault    string        `json:"fault"`    // kinds of the faults that it met, separated by spaces

	Elsewhere bool `json:"-"` // reported by another process

	Kind string `json:"kind,omitempty"` // its purpose, one of the kinds below; empty: none of them
	*About
}

// The kinds of messages.
const (
	KindShare        = "share"        // a share to a hub
	KindFetch        = "fetch"        // a share from a hub
	KindRegistration = "registration" // registration of a client at a hub
	KindPSRD         = "psrd"         // a block to a client
	KindEncryptor    = "encryptor"    // a request for keys
	KindHandshake    = "handshake"    // a failed TLS handshake, without a request
)

// About is what is known of a message beyond that it was sent. It is known only if somebody reads
// messages.
type About struct {
	Exchange string  `json:"exchange,omitempty"` // exchange that keeps the message
	Cause    uint64  `json:"cause,omitempty"`    // number of the encryptor's request that the message serves
	KeyID    string  `json:"key_id,omitempty"`
	Share    int     `json:"share,omitempty"`    // from 1
	Again    bool    `json:"again,omitempty"`    // the hub was asked before, and refused
	Verified *bool   `json:"verified,omitempty"` // whether the receiver found its signature right, or the sender that of the response
	Reason   *Reason `json:"reason,omitempty"`   // for a refusal
	Caller   *Caller `json:"caller,omitempty"`   // caller from outside
}

// Reason explains in words why a request was refused.
type Reason struct {
	Code  int      `json:"code"` // HTTP status; 0: there was no response
	Text  string   `json:"text"`
	Helps []string `json:"helps,omitempty"` // what can be done
}

// Caller is the sender of a request from outside.
type Caller struct {
	Address     string       `json:"address"`
	TakenAs     string       `json:"taken_as"`
	Certificate *Certificate `json:"certificate,omitempty"`
}

// Certificate describes the certificate of a caller.
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
	to = strings.TrimPrefix(r.URL.Path, "/")
	if kind := strings.IndexByte(to, '/'); kind < 0 {
		to += "/"
	} else if name := strings.IndexByte(to[kind+1:], '/'); name >= 0 {
		to = to[:kind+1+name]
	}
	escaped := r.URL.EscapedPath()
	if path, isUnder := strings.CutPrefix(strings.TrimPrefix(escaped, "/"), to); isUnder {
		return to, path
	}
	return to, escaped
}
