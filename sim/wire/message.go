package wire

import (
	"net/http"
	"strings"
	"time"

	"dske/sim/fault"
)

// The two halves of a message, and what it is like to have it in one's hands.
type (
	Request   = fault.Request
	Response  = fault.Response
	Deliver   = fault.Deliver
	Intercept = fault.Intercept
)

// Message is a request with the response to it, both as the nodes themselves sent them: before any fault.
// Nothing of it may be changed.
type Message struct {
	Number   uint64 // counts the messages while somebody watches; a copy has that of its original
	Request         // its Header and Body are those of the message itself
	Response Response
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
}

// address returns the node that a request is for, such as hub/hank, and the path under it.
func address(r *http.Request) (to, path string) {
	kind, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	name, _, _ := strings.Cut(rest, "/")
	to = kind + "/" + name
	return to, strings.TrimPrefix(r.URL.EscapedPath(), "/"+to)
}
