package audit

import (
	"bytes"
	"hash/maphash"
	"math"
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

// node returns the hub that a message is to, or that has answered it.
func (m *Message) node() string {
	if m.Method == "" {
		return m.From
	}
	return m.To
}

// signatureOf returns the signature of a request, which may be nil.
func signatureOf(request *Message) string {
	if request == nil {
		return ""
	}
	return request.Signature
}

// identity is equal for equal messages. Two different messages have the same one with probability
// 2^-64, and without the auditor's seed nobody can find such messages.
type identity uint64

// identity does not depend on the sender, since a stranger may repeat a message. It depends on the
// request that a response answers.
func (a *Auditor) identity(m *Message, to *Message) identity {
	var hash maphash.Hash
	hash.SetSeed(a.seed)
	parts := [...]string{m.node(), m.Method, m.Path, m.Query, m.Signature, signatureOf(to)}
	numbers := [len(parts) + 1]int{m.Status}
	for i, part := range parts {
		numbers[i+1] = len(part) // so that different messages have different bytes
	}
	maphash.WriteComparable(&hash, numbers)
	for _, part := range parts {
		hash.WriteString(part)
	}
	hash.Write(m.Body)
	return identity(hash.Sum64())
}

// claim is a use of bytes of a block.
type claim struct {
	block *block
	use
}

// claims returns the bytes that a message uses, without those of nodes outside this network, whose
// blocks are unknown.
func (a *Auditor) claims(m *Message, id identity) []claim {
	var room [4]fragment // usually enough
	keys := signingKey(room[:0], m.Signature)
	all := padOf(keys, m.Body)
	list := make([]claim, 0, len(all))
	for i, f := range all {
		b := a.blocks[f.Block]
		if b != nil && f.Start >= 0 && f.Size > 0 && f.Start <= math.MaxInt-f.Size {
			list = append(list, claim{b, use{start: f.Start, end: f.Start + f.Size, isPad: i >= len(keys), message: id}})
		}
	}
	return list
}

// fragment is the name of a run of bytes.
type fragment struct {
	Block string `json:"block_uuid"`
	Start int    `json:"start"`
	Size  int    `json:"size"`
}

// signingKey appends the places that a signature names: BLOCK:START:SIZE[,…]%TAG. An unreadable
// signature uses nothing, since nobody accepts it.
func signingKey(list []fragment, signature string) []fragment {
	rest, _, _ := strings.Cut(signature, "%")
	for more := true; more; {
		var name string
		name, rest, more = strings.Cut(rest, ",")
		block, place, _ := strings.Cut(name, ":")
		first, second, _ := strings.Cut(place, ":")
		start, errStart := strconv.Atoi(first)
		size, errSize := strconv.Atoi(second)
		if errStart != nil || errSize != nil {
			return nil
		}
		list = append(list, fragment{block, start, size})
	}
	return list
}

// keyAllocation ends the name of the member with the places of a pad. It begins with a character
// that is rare in messages, so it is found quickly.
const keyAllocation = "_key_allocation"

// padOf appends the places of the pad of the share in a body, if there is one. The fast path parses
// the form that our own nodes write.
func padOf(list []fragment, body []byte) []fragment {
	before, text, found := bytes.Cut(body, []byte(keyAllocation))
	if !found { // most have none
		return list
	}
	text, isPlain := bytes.CutPrefix(text, []byte(`":{"fragments":[`))
	if isPlain && bytes.HasSuffix(before, []byte(`"encryption`)) && !bytes.Contains(text, []byte(keyAllocation)) {
		if fragments, ok := plainFragments(list, text); ok {
			return fragments
		}
	}
	var m struct {
		Pad struct {
			Fragments []fragment `json:"fragments"`
		} `json:"encryption_key_allocation"`
	}
	if json.Unmarshal(body, &m) != nil {
		return list
	}
	return append(list, m.Pad.Fragments...)
}

// plainFragments parses a list up to its end, if it is in the form of our own nodes.
func plainFragments(list []fragment, text []byte) ([]fragment, bool) {
	for {
		block, rest, isBlock := between(text, `{"block_uuid":"`, `","start":`)
		start, rest, isStart := between(rest, "", `,"size":`)
		size, rest, isSize := between(rest, "", "}")
		f := fragment{Block: string(block)}
		var errStart, errSize error
		f.Start, errStart = strconv.Atoi(string(start))
		f.Size, errSize = strconv.Atoi(string(size))
		if !isBlock || !isStart || !isSize || errStart != nil || errSize != nil || bytes.IndexByte(block, '\\') >= 0 || len(rest) == 0 {
			return nil, false
		}
		list, text = append(list, f), rest[1:]
		switch rest[0] {
		case ']':
			return list, true
		case ',':
		default:
			return nil, false
		}
	}
}

// between returns the part of text, which must begin with first, up to last.
func between(text []byte, first, last string) (what, rest []byte, ok bool) {
	text, begins := bytes.CutPrefix(text, []byte(first))
	what, rest, ends := bytes.Cut(text, []byte(last))
	return what, rest, begins && ends
}
