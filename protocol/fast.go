package protocol

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"dske/psrd"
)

// What is in this file could be left out, and is here for what it gains. Of every key there are as
// many [PostShare] and [ShareReply] messages as hubs. Their canonical form, which is what
// [encoding/json.Marshal] makes of one with all terms, is written and read here without reflection:
// a key pair takes 5 % longer over loopback without it. A [BlockData] is read here because it is
// large. All other forms are left to the general packages, so none is refused or taken here that
// these would not.
//
// A client that comes to a hub brings a [Registration], and gets a [Registered]: the first key
// between two clients takes 3 % longer over the memory transport if these are left to reflection.

// Marshal is [encoding/json.Marshal] for a message.
func Marshal(message any) ([]byte, error) {
	var w writer
	switch m := message.(type) {
	case struct{}:
		w.json = []byte("{}")
	case PostShare:
		w = newWriter(m.SealedShare, len(m.ClientName)+len(m.MasterSAE)+len(m.SlaveSAE)+128)
		w.text(`{"master_client_name":`, m.ClientName)
		w.text(`,"master_sae_id":`, m.MasterSAE)
		w.text(`,"slave_sae_id":`, m.SlaveSAE)
		w.id(`,"user_key_id":`, m.KeyID)
		w.number(`,"share_index":`, m.ShareIndex)
		w.share(m.Terms, m.SealedShare)
	case ShareReply:
		w = newWriter(m.SealedShare, 16)
		w.number(`{"share_index":`, m.ShareIndex)
		w.share(m.Terms, m.SealedShare)
	case Registration:
		w.json = make([]byte, 0, 64+len(m.ClientName)+32*len(m.EncryptorNames))
		w.other = len(m.EncryptorNames) == 0
		w.text(`{"client_name":`, m.ClientName)
		between := `,"encryptor_names":[`
		for _, name := range m.EncryptorNames {
			w.text(between, name)
			between = ","
		}
		w.json = append(w.json, `]}`...)
	case Registered:
		w.json = make([]byte, 0, 64+len(m.HubName)+len(m.Suite))
		w.other = m.Suite == "" || m.Version == 0 || m.Boot != uuid.Nil
		w.text(`{"hub_name":`, m.HubName)
		w.text(`,"suite":`, m.Suite)
		w.number(`,"version":`, m.Version)
		w.json = append(w.json, '}')
	}
	if w.json == nil || w.other {
		return json.Marshal(message)
	}
	return w.json, nil
}

// writer writes the canonical form of a message.
type writer struct {
	json  []byte
	other bool // the message has another form
}

// newWriter returns a writer with room for a message that carries the share, and so many bytes more.
func newWriter(s SealedShare, more int) writer {
	const terms = 224 // and all else that belongs to a share, in bytes
	return writer{json: make([]byte, 0, terms+len(s.Pad.Fragments)*96+base64.StdEncoding.EncodedLen(len(s.Value))+more)}
}

// text writes a member whose value is a text; before is what comes before the value.
func (w *writer) text(before, value string) {
	for i := range len(value) {
		w.other = w.other || !isPlain(value[i])
	}
	w.json = append(w.json, before...)
	w.json = append(w.json, '"')
	w.json = append(w.json, value...)
	w.json = append(w.json, '"')
}

func (w *writer) id(before string, value uuid.UUID) {
	w.json = append(w.json, before...)
	w.json = append(w.json, '"')
	w.json = psrd.AppendUUID(w.json, value)
	w.json = append(w.json, '"')
}

func (w *writer) number(before string, value int) {
	w.json = strconv.AppendInt(append(w.json, before...), int64(value), 10)
}

func (w *writer) base64(before string, value []byte) {
	w.json = append(w.json, before...)
	w.json = append(w.json, '"')
	w.json = base64.StdEncoding.AppendEncode(w.json, value)
	w.json = append(w.json, '"')
}

// share writes what both messages end with.
func (w *writer) share(t Terms, s SealedShare) {
	w.other = w.other || t.Suite == "" || t.Version == 0 || t.KeySize == 0 || t.Threshold == 0 || len(t.SecretTag) == 0 ||
		len(s.Pad.Fragments) == 0 || s.Value == nil
	w.text(`,"suite":`, t.Suite)
	w.number(`,"version":`, t.Version)
	w.number(`,"key_size":`, t.KeySize)
	w.number(`,"threshold":`, t.Threshold)
	w.base64(`,"secret_tag":`, t.SecretTag)
	between := `,"encryption_key_allocation":{"fragments":[{"block_uuid":`
	for _, f := range s.Pad.Fragments {
		w.id(between, f.Block)
		w.number(`,"start":`, f.Start)
		w.number(`,"size":`, f.Size)
		between = `},{"block_uuid":`
	}
	w.base64(`}]},"encrypted_share_value":`, s.Value)
	w.json = append(w.json, '}')
}

// reader reads the canonical form of a message.
type reader struct {
	rest  []byte
	other bool // it is another form; what was read does not count
}

// read reports whether the body is the canonical form of the message, and then reads it.
func (m *PostShare) read(body []byte) bool {
	r := reader{rest: body}
	read := PostShare{
		ClientName: r.text(`{"master_client_name":`),
		MasterSAE:  r.text(`,"master_sae_id":`),
		SlaveSAE:   r.text(`,"slave_sae_id":`),
		KeyID:      r.id(`,"user_key_id":`),
		ShareIndex: r.number(`,"share_index":`),
		Terms:      r.terms(),
	}
	read.SealedShare = r.sealed()
	if r.other {
		return false
	}
	*m = read
	return true
}

// read reports whether the body is the canonical form of the message, and then reads it.
func (m *ShareReply) read(body []byte) bool {
	r := reader{rest: body}
	read := ShareReply{ShareIndex: r.number(`{"share_index":`), Terms: r.terms()}
	read.SealedShare = r.sealed()
	if r.other {
		return false
	}
	*m = read
	return true
}

// read reports whether the body is the canonical form of the message, perhaps with spaces after it,
// and then reads it.
func (b *BlockData) read(body []byte) bool {
	r := reader{rest: body}
	read := BlockData{UUID: r.id(`{"block_uuid":`), Data: r.base64(`,"data":`)}
	r.skip(`}`)
	if r.other || len(withoutSpaces(r.rest)) > 0 {
		clear(read.Data)
		return false
	}
	*b = read
	return true
}

// read reports whether the body is the form of the message that our clients send, and then reads it.
func (m *Registration) read(body []byte) bool {
	r := reader{rest: body}
	read := Registration{ClientName: r.text(`{"client_name":`)}
	r.skip(`,"encryptor_names":[`)
	for between := ""; !r.other && (between == "" || !r.comes(`]`)); between = "," {
		read.EncryptorNames = append(read.EncryptorNames, r.text(between))
	}
	r.skip(`]}`)
	if r.other || len(r.rest) > 0 {
		return false
	}
	*m = read
	return true
}

// read reports whether the body is the canonical form of the message with a suite and without a
// boot ID, perhaps with the end of a line after it, and then reads it.
func (m *Registered) read(body []byte) bool {
	r := reader{rest: bytes.TrimSuffix(body, []byte("\n"))}
	read := Registered{HubName: r.text(`{"hub_name":`), Suite: r.text(`,"suite":`), Version: r.number(`,"version":`)}
	r.skip(`}`)
	if r.other || len(r.rest) > 0 {
		return false
	}
	*m = read
	return true
}

func (r *reader) terms() Terms {
	return Terms{
		Suite:     r.suite(`,"suite":`),
		Version:   r.number(`,"version":`),
		KeySize:   r.number(`,"key_size":`),
		Threshold: r.number(`,"threshold":`),
		SecretTag: r.base64(`,"secret_tag":`),
	}
}

// sealed reads what is left of a message.
func (r *reader) sealed() SealedShare {
	var s SealedShare
	between := `,"encryption_key_allocation":{"fragments":[{"block_uuid":`
	for !r.other && (len(s.Pad.Fragments) == 0 || !r.comes(`}]},"encrypted_share_value":`)) {
		s.Pad.Fragments = append(s.Pad.Fragments, psrd.Fragment{Block: r.id(between), Start: r.number(`,"start":`), Size: r.number(`,"size":`)})
		between = `},{"block_uuid":`
	}
	s.Value = r.base64(`}]},"encrypted_share_value":`)
	r.skip(`}`)
	r.other = r.other || len(r.rest) > 0
	return s
}

// comes reports whether a text comes next.
func (r *reader) comes(text string) bool {
	return len(r.rest) >= len(text) && string(r.rest[:len(text)]) == text
}

func (r *reader) skip(text string) {
	if !r.comes(text) {
		r.other = true
		return
	}
	r.rest = r.rest[len(text):]
}

// quoted reads a member whose value is a text of plain characters.
func (r *reader) quoted(before string) []byte {
	r.skip(before)
	r.skip(`"`)
	n := 0
	for n < len(r.rest) && isPlain(r.rest[n]) {
		n++
	}
	value := r.rest[:n]
	r.rest = r.rest[n:]
	r.skip(`"`)
	return value
}

func (r *reader) text(before string) string { return string(r.quoted(before)) }

// suite is text, for the name of a suite: usually that of [ITS], which needs no copy.
func (r *reader) suite(before string) string {
	if name := r.quoted(before); string(name) != SuiteITS {
		return string(name)
	}
	return SuiteITS
}

func (r *reader) id(before string) uuid.UUID {
	r.skip(before)
	r.skip(`"`)
	text := r.rest[:min(len(r.rest), len("00000000-0000-0000-0000-000000000000"))] // there are other forms
	r.rest = r.rest[len(text):]
	r.skip(`"`)
	id, err := uuid.ParseBytes(text)
	r.other = r.other || err != nil
	return id
}

// strictly is the encoding of texts; making one takes longer than reading a short text.
var strictly = base64.StdEncoding.Strict()

func (r *reader) base64(before string) []byte {
	r.skip(before)
	r.skip(`"`)
	text, rest, ends := bytes.Cut(r.rest, []byte(`"`))
	if r.other || !ends || len(text)%4 != 0 {
		r.other = true
		return nil
	}
	value := make([]byte, decodedLen(text))
	n, err := strictly.Decode(value, text)
	r.other = err != nil || n < len(value) // base64 skips the ends of lines, which are no part of a text in JSON
	r.rest = rest
	return value[:n]
}

// decodedLen returns the number of bytes that a text in base64 of whole quanta has, or can have at
// most if it is malformed. Package base64 does not look at the padding: a block of 1 KB would take an
// eighth more.
func decodedLen(text []byte) int {
	size := base64.StdEncoding.DecodedLen(len(text))
	for i := len(text) - 1; i >= max(0, len(text)-2) && text[i] == '='; i-- {
		size--
	}
	return size
}

func (r *reader) number(before string) int {
	const most = 9 // digits: any int has room for them
	r.skip(before)
	value, n := 0, 0
	for n < len(r.rest) && n <= most && '0' <= r.rest[n] && r.rest[n] <= '9' {
		value = 10*value + int(r.rest[n]-'0')
		n++
	}
	r.other = r.other || n == 0 || n > most || n > 1 && r.rest[0] == '0'
	r.rest = r.rest[n:]
	return value
}

// isPlain reports whether a character stands for itself in JSON, also as package json writes it.
func isPlain(c byte) bool {
	return ' ' <= c && c <= '~' && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&'
}

// readPlain reports whether a query has exactly these members, in this order, and nothing in them is
// encoded, and then reads it.
func readPlain(query string, members []member) bool {
	for _, c := range []byte("%+;") {
		if strings.IndexByte(query, c) >= 0 {
			return false
		}
	}
	for i, m := range members {
		text, rest, more := strings.Cut(query, "&")
		name, value, _ := strings.Cut(text, "=")
		if name != m.name || value == "" || more != (i < len(members)-1) {
			return false
		}
		*m.to, query = value, rest
	}
	return true
}
