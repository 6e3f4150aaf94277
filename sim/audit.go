package sim

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"dske/node"
	"dske/protocol"
	"dske/sim/audit"
	"dske/sim/wire"
)

// inBand is the prefix of in-band paths under a hub.
const inBand = "/dske/api/"

// maxAudited is how many bytes of a body the auditor sees; no node accepts a larger one.
const maxAudited = 8 << 20

// Violations returns every second use of a byte of PSRD, at either end, and every message that was
// accepted without having been sent. It is empty unless Config.Audit is set.
func (n *Network) Violations() []string {
	if n.auditor == nil {
		return nil
	}
	return n.auditor.Violations()
}

// TakeViolations returns [Network.Violations] and clears the list.
func (n *Network) TakeViolations() []string {
	if n.auditor == nil {
		return nil
	}
	return n.auditor.Take()
}

// auditHub returns the handler of a hub with the auditor in front of it, which sees all requests
// and answers.
func (n *Network) auditHub(p *place, hub http.Handler) http.Handler {
	if n.auditor == nil {
		return hub
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, isAll := node.Held(r.Body)
		if !isAll {
			body, _ = node.ReadAll(io.LimitReader(r.Body, maxAudited), r.ContentLength) // the hub gets the error too
			r.Body = andRest(body, r.Body)
		}
		wire.AnswerShown(w, hub, r, func(answer wire.Response) { hubAnswered(n.auditor, p, r, body, answer) })
	})
}

// andRest returns a body of which a part has been read already.
func andRest(read []byte, body io.ReadCloser) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(read), body), body}
}

// hubAnswered shows the auditor a request to a hub, and the answer.
func hubAnswered(a *audit.Auditor, p *place, r *http.Request, body []byte, answer wire.Response) {
	path := strings.TrimPrefix(pathOf(r), p.prefix())
	signature := signatureIn(answer.Header)
	switch {
	case strings.HasPrefix(path, inBand) && signature != "":
		request := audit.Message{
			From: "somebody", To: p.path(), Method: r.Method, Path: path, Query: r.URL.RawQuery,
			Signature: signatureIn(r.Header), Body: body,
		}
		response := audit.Message{From: p.path(), To: request.From, Status: answer.Status, Signature: signature, Body: answer.Body}
		a.Answered(request, response)
	case answer.Status != http.StatusOK:
	case path == protocol.PathPSRD:
		var block protocol.BlockData
		if protocol.Unmarshal(answer.Body, &block) == nil {
			q := r.URL.Query()
			a.Block(audit.Block{
				UUID: block.UUID.String(), Client: "client/" + q.Get("client_name"), Hub: p.path(),
				Owner: q.Get("pool_owner"), Purpose: q.Get("purpose"), Data: block.Data,
			})
		}
	case path == protocol.PathRegistration && r.Method != http.MethodGet:
		a.End("client/"+clientOf(r, body), p.path())
	}
}

// signatureIn returns the signature in a header, or "".
func signatureIn(h http.Header) string {
	if values := h[protocol.SignatureHeader]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// clientOf returns the name of the client that registers or unregisters.
func clientOf(r *http.Request, body []byte) string {
	if r.Method == http.MethodDelete {
		return r.URL.Query().Get("client_name")
	}
	var registration protocol.Registration
	json.Unmarshal(body, &registration)
	return registration.ClientName
}

// pathOf returns the path of a request: encoded if it could be encoded otherwise, too.
func pathOf(r *http.Request) string {
	if r.URL.RawPath == "" {
		return r.URL.Path
	}
	return r.URL.RawPath
}

// hubOf splits a path into the hub, such as hub/hank, and the path below it.
func hubOf(full string) (hub, path string) {
	const first = "/" + string(node.KindHub) + "/"
	name := strings.TrimPrefix(full, first)
	end := strings.IndexByte(name, '/')
	if len(name) == len(full) || end < 0 {
		return "", ""
	}
	return full[1 : len(first)+end], name[end:]
}

// auditClient returns the transport of a client with the auditor in front of it.
func (n *Network) auditClient(p *place, transport http.RoundTripper) http.RoundTripper {
	if n.auditor == nil {
		return transport
	}
	return auditedTransport{transport, p.path(), n.auditor}
}

type auditedTransport struct {
	next    http.RoundTripper
	from    string
	auditor *audit.Auditor
}

func (t auditedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	hub, path := hubOf(pathOf(r))
	if !strings.HasPrefix(path, inBand) {
		return t.next.RoundTrip(r)
	}
	body, isAll := node.Held(r.Body)
	if !isAll {
		var err error
		if body, err = node.ReadAll(r.Body, r.ContentLength); err != nil {
			return nil, err
		}
		r = r.WithContext(r.Context()) // a copy
		r.Body = node.NewBody(body)
	}
	request := audit.Message{
		From: t.from, To: hub, Method: r.Method, Path: path, Query: r.URL.RawQuery,
		Signature: signatureIn(r.Header), Body: body,
	}
	t.auditor.Sent(request)
	response, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	answer, isAll := node.Held(response.Body)
	if !isAll {
		answer, err = node.ReadAll(io.LimitReader(response.Body, maxAudited), response.ContentLength)
		response.Body = andRest(answer, response.Body)
	}
	if err == nil {
		t.auditor.Reached(request, audit.Message{
			From: request.To, To: t.from, Status: response.StatusCode,
			Signature: signatureIn(response.Header), Body: answer,
		})
	}
	return response, nil
}
