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

// message is what a stranger sends to a node. In its query and its body, % stands for the name of a
// client.
type message struct {
	name                string
	toClient            bool // and not to a hub
	method, path, query string
	signature           string
	body                string
}

// Where a signing key is said to be, in a block that nobody has.
const (
	nowhere   = "00000000-0000-4000-8000-000000000001"
	someShare = "client_name=%&master_sae_id=a&slave_sae_id=b&key_id=" + nowhere
)

// strangers is what somebody sends who has found the ports of the nodes and read how they speak.
// Nodes have to refuse all of it, and nobody else is to notice.
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

// tag is one of size bytes, which is wrong.
func tag(size int) string { return base64.StdEncoding.EncodeToString(make([]byte, size)) }

func strangerNamed(name string) *message {
	if i := slices.IndexFunc(strangers, func(m message) bool { return m.name == name }); i >= 0 {
		return &strangers[i]
	}
	return nil
}

// intrude sends a node what a stranger does. No answer, and one that says nothing, are no harm.
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

// stranger is who sends it. He is no party of the network, and has no links.
const stranger = "stranger"

// elsewhere is why a hunt never meets with some reasons of refusals.
var elsewhere = map[string]string{
	"overlap":                  "only a client that signs can say so, and it signs no such thing",
	"encryptor_not_registered": "only a client that signs can ask in the name of others",
	"encryptor_not_enrolled":   "a client registers its own encryptors, and all of them are enrolled",
	"duplicate_key":            "a hub knows a message that comes again for longer than a hunt lasts",
	"full":                     "a hunt is too short to fill a hub",
	"storage_failed":           "its disks lose what was not synced, and do not fail",
	"not_open":                 "a client uses no PSRD before its hub knows that it may",
}
