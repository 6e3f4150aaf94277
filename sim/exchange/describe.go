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

// describe returns what can be seen in a message: the keys and shares that it is about, one element
// for each key, or one if there is none; whether its signature was right; and why it was refused.
func describe(m wire.Message) []*wire.About {
	about := wire.About{}
	if m.Response.Status != http.StatusOK && m.Response.Status != 0 {
		about.Reason = &wire.Reason{Code: m.Response.Status, Text: complaint(m)}
	}
	switch kind := wire.KindOf(m.Method, m.Path); kind {
	case wire.KindShare, wire.KindFetch:
		return describeShares(m, kind, about)
	case wire.KindEncryptor:
		about.KeyID = keyOf(m)
	}
	return []*wire.About{&about}
}

// about adds the information about one key to an event.
func about(e wire.Event, a *wire.About) wire.Event {
	e.About = a
	if e.Status == http.StatusOK && a.Reason != nil { // for this key only, not for all in the message
		e.Status = a.Reason.Code
	}
	return e
}

// shares has the unencrypted members of the JSON of a message or a response.
type shares struct {
	KeyID   string             `json:"user_key_id"`
	KeyIDs  string             `json:"key_ids"`
	Index   int                `json:"share_index"`
	Refused []protocol.Refusal `json:"refused"`
}

func describeShares(m wire.Message, kind string, all wire.About) []*wire.About {
	seen := shares{Index: -1}
	switch {
	case kind == wire.KindShare:
		_ = protocol.Unmarshal(m.Body, &seen) // a malformed body has no members
	case m.Response.Status == http.StatusOK:
		_ = protocol.Unmarshal(m.Response.Body, &seen)
	}
	all.Share = seen.Index + 1
	switch isSigned := m.Header.Get(protocol.SignatureHeader) != ""; {
	case isSigned && m.Response.Status == http.StatusOK:
		all.Verified = new(true)
	case m.Response.Status == http.StatusUnauthorized:
		all.Verified = new(false)
	}
	var keys []*wire.About
	for _, id := range keysIn(m, seen) {
		one := all
		one.KeyID = id
		for _, r := range seen.Refused {
			if r.KeyID.String() == id {
				one.Share, one.Reason = 0, &wire.Reason{Code: r.Status, Text: strings.TrimSuffix(r.Message, ".")}
			}
		}
		keys = append(keys, &one)
	}
	if keys == nil {
		return []*wire.About{&all}
	}
	return keys
}

// keysIn returns the IDs of the keys in a message.
func keysIn(m wire.Message, seen shares) []string {
	if m.Method == http.MethodGet {
		seen.KeyID, seen.KeyIDs = queried(m, "key_id"), queried(m, "key_ids")
	}
	switch {
	case m.Path == protocol.PathKeyShare && seen.KeyID != "":
		return []string{seen.KeyID}
	case m.Path == protocol.PathKeyShares && seen.KeyIDs != "":
		return strings.Split(seen.KeyIDs, ",")
	default:
		return nil
	}
}

func queried(m wire.Message, name string) string {
	query, _ := url.ParseQuery(m.Query) // a malformed query has no members
	return query.Get(name)
}

// keyOf returns the ID of the key in a request of an encryptor, or "".
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
	json.Unmarshal(m.Response.Body, &answer) // a malformed body names no key
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

// complaint explains in words why a message was refused, from the error in its answer, of DSKE or
// of ETSI GS QKD 014.
func complaint(m wire.Message) string {
	var e struct {
		Message string `json:"message"`
		Details []struct {
			Got    int `json:"nr_successful_shares"`
			Needed int `json:"nr_required_shares"`
		} `json:"details"`
	}
	json.Unmarshal(m.Response.Body, &e) // the details of DSKE have another form, and are not needed
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

// bare returns the name of a node without its kind.
func bare(node string) string { return node[strings.Index(node, "/")+1:] }
