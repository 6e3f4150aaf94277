package exchange

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"dske/protocol"
	"dske/sim/wire"
)

// describe says what can be seen in a message: which key and which share it is about, whether its
// signature was right, and why it was refused. A message with several keys is about none.
func describe(m wire.Message) *wire.About {
	about := &wire.About{}
	switch kind := wire.KindOf(m.Method, m.Path); kind {
	case wire.KindShare, wire.KindFetch:
		describeShare(m, kind, about)
	case wire.KindEncryptor:
		about.KeyID = keyOf(m)
	}
	if m.Response.Status != http.StatusOK && m.Response.Status != 0 {
		about.Reason = &wire.Reason{Code: m.Response.Status, Text: complaint(m)}
	}
	return about
}

func describeShare(m wire.Message, kind string, about *wire.About) {
	share := struct {
		KeyID string `json:"user_key_id"`
		Index int    `json:"share_index"`
	}{Index: -1}
	if kind == wire.KindShare {
		json.Unmarshal(m.Body, &share) // a body of another form says nothing
	} else if m.Response.Status == http.StatusOK {
		json.Unmarshal(m.Response.Body, &share)
		share.KeyID = queried(m, "key_id")
	} else {
		share.KeyID = queried(m, "key_id")
	}
	if m.Path != protocol.PathKeyShare {
		return
	}
	about.KeyID, about.Share = share.KeyID, share.Index+1
	switch isSigned := m.Header.Get(protocol.SignatureHeader) != ""; {
	case isSigned && m.Response.Status == http.StatusOK:
		about.Verified = new(true)
	case m.Response.Status == http.StatusUnauthorized:
		about.Verified = new(false)
	}
}

func queried(m wire.Message, name string) string {
	query, _ := url.ParseQuery(m.Query) // what cannot be read says nothing
	return query.Get(name)
}

// keyOf returns the ID of the key that a request of an encryptor is about, if it is one.
func keyOf(m wire.Message) string {
	type ids []struct {
		ID string `json:"key_ID"`
	}
	var answer struct {
		Keys    ids `json:"keys"`
		Details []struct {
			KeyID string `json:"key_id"`
		} `json:"details"`
	}
	json.Unmarshal(m.Response.Body, &answer) // a body of another form names no key
	if len(answer.Keys) == 1 {
		return answer.Keys[0].ID
	}
	for _, detail := range answer.Details {
		if detail.KeyID != "" {
			return detail.KeyID
		}
	}
	var asked struct {
		IDs ids `json:"key_IDs"`
	}
	json.Unmarshal(m.Body, &asked)
	if len(asked.IDs) == 1 {
		return asked.IDs[0].ID
	}
	return queried(m, "key_ID")
}

// complaint says in words why a message was refused: what its answer says, of DSKE and of ETSI GS
// QKD 014 alike.
func complaint(m wire.Message) string {
	var e struct {
		Message string `json:"message"`
		Details []struct {
			Got    int `json:"nr_successful_shares"`
			Needed int `json:"nr_required_shares"`
		} `json:"details"`
	}
	json.Unmarshal(m.Response.Body, &e) // the details of DSKE are of another form, and not needed
	name, caller := bare(m.To), bare(m.From)
	switch {
	case len(e.Details) > 0 && e.Details[0].Needed > 0 && e.Details[0].Got >= e.Details[0].Needed:
		return "no shares fit"
	case len(e.Details) > 0 && e.Details[0].Needed > 0:
		return fmt.Sprintf("%d shares needed, there are %d", e.Details[0].Needed, e.Details[0].Got)
	case m.Response.Status == http.StatusServiceUnavailable && strings.Contains(e.Message, "is stopped"):
		return name + " is stopped"
	case m.Response.Status == http.StatusForbidden && strings.Contains(e.Message, "not registered") && strings.HasPrefix(m.To, "hub/"):
		return name + " has forgotten " + caller
	case e.Message == "":
		return http.StatusText(m.Response.Status)
	}
	return strings.TrimSuffix(e.Message, ".")
}

// bare is the name of a node without its kind.
func bare(node string) string { return node[strings.Index(node, "/")+1:] }
