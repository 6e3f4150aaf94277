package audit

import (
	"bytes"
	"crypto/sha256"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
)

const statusOK = 200

// Message is an in-band message, a request or a response.
type Message struct {
	From      string // such as client/carol
	To        string // such as hub/hank
	Method    string // of a request
	Path      string // of a request, below the hub
	Query     string // of a request
	Status    int    // of a response
	Signature string // the value of the header DSKE-Signature
	Body      []byte
}

// identity is equal for the same message only.
type identity [sha256.Size]byte

// identity does not depend on who sends the message, which a stranger may repeat. A response is
// another message if it answers another request.
func (m Message) identity(to *Message) identity {
	node := m.To
	if m.Method == "" {
		node = m.From
	}
	parts := []string{node, m.Method, m.Path, m.Query, strconv.Itoa(m.Status), m.Signature}
	if to != nil {
		parts = append(parts, to.Signature)
	}
	all := make([]byte, 0, 1<<10)
	for _, part := range parts {
		all = append(strconv.AppendInt(all, int64(len(part)), 10), ' ')
		all = append(all, part...)
	}
	hash := sha256.New()
	hash.Write(all)
	hash.Write(m.Body)
	return identity(hash.Sum(nil))
}

// uses returns the bytes that a message uses.
func (m Message) uses(id identity) []use {
	var list []use
	add := func(fragments []fragment, purpose string) {
		for _, f := range fragments {
			if f.Start >= 0 && f.Size > 0 {
				list = append(list, use{block: f.Block, start: f.Start, end: f.Start + f.Size, purpose: purpose, message: id})
			}
		}
	}
	add(signingKey(m.Signature), key)
	add(padOf(m.Body), pad)
	return list
}

// fragment is the name of a run of bytes.
type fragment struct {
	Block string `json:"block_uuid"`
	Start int    `json:"start"`
	Size  int    `json:"size"`
}

// signingKey returns the places that a signature names: BLOCK:START:SIZE[,…]%TAG. What cannot be
// read uses nothing, since nobody accepts it.
func signingKey(signature string) []fragment {
	names, _, _ := strings.Cut(signature, "%")
	var fragments []fragment
	for name := range strings.SplitSeq(names, ",") {
		parts := strings.Split(name, ":")
		if len(parts) != 3 {
			return nil
		}
		start, errStart := strconv.Atoi(parts[1])
		size, errSize := strconv.Atoi(parts[2])
		if errStart != nil || errSize != nil {
			return nil
		}
		fragments = append(fragments, fragment{parts[0], start, size})
	}
	return fragments
}

// padOf returns the places of the pad of the share that a body carries, if it carries one.
func padOf(body []byte) []fragment {
	if !bytes.Contains(body, []byte("encryption_key_allocation")) { // as most have none
		return nil
	}
	var m struct {
		Pad struct {
			Fragments []fragment `json:"fragments"`
		} `json:"encryption_key_allocation"`
	}
	if json.Unmarshal(body, &m) != nil {
		return nil
	}
	return m.Pad.Fragments
}
