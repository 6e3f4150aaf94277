package etsi

import (
	"bytes"
	"encoding/base64"

	"github.com/google/uuid"
)

// readPlain reads keys in the form in which [KeyContainer.MarshalJSON] writes them, and reports
// whether text has it. It could be left out: package json reads any form, but passes over the text
// several times. That takes five times as long for a short key, and eight times for a long one.
func (c *KeyContainer) readPlain(text []byte) bool {
	rest, begins := bytes.CutPrefix(text, []byte(`{"keys":[`))
	var keys []Key
	for more := begins; more; {
		var id, value []byte
		var isID, isKey bool
		id, rest, isID = between(rest, `{"key_ID":"`, `","key":"`)
		value, rest, isKey = between(rest, "", `"}`)
		key, isPlain := plainKey(id, value)
		if !isID || !isKey || !isPlain {
			break
		}
		keys = append(keys, key)
		rest, more = bytes.CutPrefix(rest, []byte(","))
	}
	if len(keys) == 0 || string(bytes.TrimRight(rest, "\n")) != "]}" {
		Clear(keys)
		return false
	}
	c.Keys = keys
	return true
}

// plainKey returns a key, unless its ID or its value has another form.
func plainKey(id, value []byte) (Key, bool) {
	if len(id) != len(uuid.Nil.String()) || bytes.ContainsAny(value, "\r\n") { // package base64 passes over the ends of lines
		return Key{}, false
	}
	read, err := uuid.ParseBytes(id)
	if err != nil {
		return Key{}, false
	}
	key := make([]byte, base64.StdEncoding.DecodedLen(len(value)))
	n, err := base64.StdEncoding.Decode(key, value)
	return Key{read, NewSecret(key[:n])}, err == nil
}

// between returns the part of text, which must begin with first, up to last.
func between(text []byte, first, last string) (what, rest []byte, ok bool) {
	text, begins := bytes.CutPrefix(text, []byte(first))
	what, rest, ends := bytes.Cut(text, []byte(last))
	return what, rest, begins && ends
}
