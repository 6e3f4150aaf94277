package exchange

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"unicode/utf8"

	"dske/node"
	"dske/protocol"
	"dske/sim/wire"
)

// Opened is a message as it was sent, to be read. It contains no secrets.
type Opened struct {
	Number          uint64       `json:"number"`
	Method          string       `json:"method,omitempty"`
	URL             string       `json:"url,omitempty"`
	RequestHeaders  []string     `json:"request_headers"`
	RequestBody     string       `json:"request_body"`
	Status          int          `json:"status"`
	StatusText      string       `json:"status_text,omitempty"`
	ResponseHeaders []string     `json:"response_headers"`
	ResponseBody    string       `json:"response_body"`
	Uses            []Use        `json:"uses,omitempty"`
	Verified        *bool        `json:"verified,omitempty"`
	Reason          *wire.Reason `json:"reason,omitempty"`
	Caller          *wire.Caller `json:"caller,omitempty"`
}

// Use is a run of bytes of PSRD that a message has used.
type Use struct {
	End     string `json:"end"`     // the association, such as "carol and hank"
	Purpose string `json:"purpose"` // pad or key
	Block   string `json:"block"`
	From    int    `json:"from"` // first byte of the block
	To      int    `json:"to"`   // one past the last byte
	Size    int    `json:"size"` // size of the block, in bytes
	Answer  bool   `json:"answer"`
}

// open returns a message of a kept exchange, or of one of the last refusals.
func (b *Book) open(number uint64) (Opened, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.kept {
		if m, found := b.opened[k.ID][number]; found {
			i := slices.IndexFunc(k.Events, func(e wire.Event) bool { return e.Number == number })
			return b.opening(m, k.Events[i]), nil
		}
	}
	for _, r := range b.refusals {
		if r.Event.Number == number {
			return b.opening(r.Message.WithoutSecrets(), r.Event), nil
		}
	}
	return Opened{}, &node.Error{Status: http.StatusNotFound, Message: "This message is too long ago, or was not recorded.", Details: map[string]any{"number": number}}
}

// share returns the share that a message of a kept exchange carries, as the hub kept it.
func (b *Book) share(number uint64) (protocol.Secret, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, k := range b.kept {
		for _, e := range k.Events {
			if e.Number != number {
				continue
			}
			if share, known := k.shares[bare(e.To)]; known && (e.Kind == wire.KindShare || e.Kind == wire.KindFetch) {
				return share, nil
			}
		}
	}
	return protocol.Secret{}, &node.Error{Status: http.StatusNotFound, Message: "The share of this message was not kept.", Details: map[string]any{"number": number}}
}

func (b *Book) opening(m wire.Message, e wire.Event) Opened {
	o := Opened{
		Number: m.Number, Method: m.Method, RequestHeaders: lines(m.Header), RequestBody: text(m.Body),
		Status: m.Response.Status, StatusText: http.StatusText(m.Response.Status), ResponseHeaders: lines(m.Response.Header), ResponseBody: text(m.Response.Body),
	}
	if m.Method != "" {
		o.URL = b.network.URL() + "/" + m.To + m.Path
		if m.Query != "" {
			o.URL += "?" + m.Query
		}
	}
	if e.About != nil {
		o.Verified, o.Reason, o.Caller = e.Verified, e.Reason, e.Caller
	}
	if e.Kind == wire.KindShare || e.Kind == wire.KindFetch {
		o.Uses = b.uses(m)
	}
	return o
}

// uses returns the bytes of PSRD that a message and its answer claim to have used.
func (b *Book) uses(m wire.Message) []Use {
	var uses []Use
	end, size := bare(m.From)+" and "+bare(m.To), b.network.Overview().PSRD.BlockSize
	for _, half := range []struct {
		header http.Header
		body   []byte
		answer bool
	}{{m.Header, m.Body, false}, {m.Response.Header, m.Response.Body, true}} {
		for _, part := range fragment.FindAllStringSubmatch(half.header.Get(protocol.SignatureHeader), -1) {
			from, _ := strconv.Atoi(part[2]) // cannot fail: digits
			bytes, _ := strconv.Atoi(part[3])
			uses = append(uses, Use{end, "key", part[1], from, from + bytes, size, half.answer})
		}
		var sealed protocol.SealedShare
		json.Unmarshal(half.body, &sealed) // a malformed body uses no pad
		for _, f := range sealed.Pad.Fragments {
			uses = append(uses, Use{end, "pad", f.Block.String(), f.Start, f.Start + f.Size, size, half.answer})
		}
	}
	return uses
}

// fragment matches the bytes that a signature names.
var fragment = regexp.MustCompile(`([0-9a-f]{8}-[0-9a-f-]{27}):(\d+):(\d+)`)

// lines returns the lines of a header, sorted by name.
func lines(h http.Header) []string {
	list := []string{}
	for name, values := range h {
		for _, value := range values {
			list = append(list, name+": "+value)
		}
	}
	slices.Sort(list)
	return list
}

// text returns a body for reading; binary data is encoded in base64.
func text(body []byte) string {
	if utf8.Valid(body) {
		return string(body)
	}
	return base64.StdEncoding.EncodeToString(body)
}
