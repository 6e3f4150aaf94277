package hunt

import (
	"context"
	"encoding/base64"
	"io"
	"net/http"
	"slices"
	"strings"

	"dske/node"
	"dske/protocol"
)

// message is a message from a stranger to a node. In its query and its body, % stands for the name
// of a client.
type message struct {
	name                string
	toClient            bool // otherwise to a hub
	method, path, query string
	signature           string
	body                string
}

// The place of a signing key in a block that nobody has.
const (
	nowhere   = "00000000-0000-4000-8000-000000000001"
	someShare = "client_name=%&master_sae_id=a&slave_sae_id=b&key_id=" + nowhere
)

// strangers lists messages of somebody who has found the ports of the nodes and knows the protocol.
// Nodes must refuse all of them, and nobody else may notice.
var strangers = []message{
	{name: "garbage", method: http.MethodPost, path: protocol.PathKeyShare, body: "{"},
	{name: "range", method: http.MethodGet, path: protocol.PathKeyShare, query: someShare, signature: nowhere + ":0:64%" + tag(16)},
	{name: "slot", method: http.MethodGet, path: protocol.PathKeyShare, query: someShare, signature: nowhere + ":0:16," + nowhere + ":16:16%" + tag(16)},
	{name: "suite", method: http.MethodGet, path: protocol.PathKeyShare, query: someShare, signature: nowhere + ":0:32%" + tag(32)},
	{name: "length", method: http.MethodGet, path: protocol.PathKeyShare, query: someShare + strings.Repeat("0", 32<<10)},
	{name: "token", method: http.MethodPut, path: protocol.PathRegistration, body: `{"client_name":"%","encryptor_names":["thief"]}`},
	{name: "name", method: http.MethodPut, path: protocol.PathRegistration, body: `{"client_name":"mallory","encryptor_names":["thief"]}`},
	{name: "lookup", method: http.MethodGet, path: protocol.PathEncryptors + "/mallory"},
	{name: "hub", toClient: true, method: http.MethodPost, path: protocol.PathHubStarted, body: `{"hub_name":"mallory"}`},
}

// tag returns a wrong tag of size bytes.
func tag(size int) string { return base64.StdEncoding.EncodeToString(make([]byte, size)) }

func strangerNamed(name string) *message {
	if i := slices.IndexFunc(strangers, func(m message) bool { return m.name == name }); i >= 0 {
		return &strangers[i]
	}
	return nil
}

// intrude sends a node a stranger's message. An error, or an answer without information, is
// harmless.
func (p *player) intrude(ctx context.Context, to, name string) {
	m := strangerNamed(name)
	client := p.network.Overview().Clients[0].Name
	fill := func(text string) string { return strings.ReplaceAll(text, "%", client) }
	url := p.network.URL() + "/" + to + m.path
	if m.query != "" {
		url += "?" + fill(m.query)
	}
	r, err := http.NewRequestWithContext(ctx, m.method, url, strings.NewReader(fill(m.body)))
	if err != nil {
		p.fail("%v", err)
		return
	}
	if m.signature != "" {
		r.Header.Set(protocol.SignatureHeader, m.signature)
	}
	response, err := p.network.Wire().Transport(stranger).RoundTrip(r)
	if err != nil {
		return
	}
	defer response.Body.Close()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return
	}
	if response.StatusCode < http.StatusBadRequest {
		p.fail("%s has taken the message %s of a stranger: %d %s", to, name, response.StatusCode, said)
	}
	p.refusals.Add(node.DecodeError(response.StatusCode, said), 1)
}

// stranger is the sender. He is not a party of the network, and has no links.
const stranger = "stranger"

// elsewhere explains why a hunt never meets some reasons of refusals.
var elsewhere = map[string]string{
	"overlap":                  "only a signing client can cause it, and clients do not",
	"encryptor_not_registered": "only a signing client can ask in the name of others",
	"encryptor_not_enrolled":   "a client registers its own encryptors, and all of them are enrolled",
	"duplicate_key":            "a hub recognises a repeated message for longer than a hunt lasts",
	"full":                     "a hunt is too short to fill a hub",
	"storage_failed":           "the disks of a hunt lose what was not synced, but do not fail",
	"not_open":                 "a client uses no PSRD before its hub has opened it",
}
