package sim

import (
	"net/http"
	"strings"

	"dske/protocol"
	"dske/sim/audit"
	"dske/sim/wire"
)

// inBand is what paths under a hub start with.
const inBand = "/dske/api/"

// startAudit shows every in-band message to the auditor.
func (n *Network) startAudit() {
	n.auditor = audit.New()
	n.wire.Tap(func(m wire.Message) {
		if !strings.HasPrefix(m.Path, inBand) || !strings.HasPrefix(m.To, "hub/") {
			return
		}
		request := audit.Message{
			From: m.From, To: m.To, Method: m.Method, Query: m.Query,
			Signature: m.Header.Get(protocol.SignatureHeader), Body: m.Body,
		}
		if strings.HasPrefix(m.From, "client/") { // what strangers claim uses nothing
			n.auditor.Request(request)
		}
		if m.Response.Status == http.StatusOK {
			n.auditor.Response(request, audit.Message{
				From: m.To, To: m.From, Signature: m.Response.Header.Get(protocol.SignatureHeader), Body: m.Response.Body,
			})
		}
	})
}

// Violations returns every second use of a byte of PSRD, at either end, if the network was configured to
// look for them.
func (n *Network) Violations() []string {
	if n.auditor == nil {
		return nil
	}
	return n.auditor.Violations()
}
