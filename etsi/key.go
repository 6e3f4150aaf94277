package etsi

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"log/slog"

	"github.com/google/uuid"
)

// Key is a key and the ID under which the SAE at the other end finds the same key. When printed,
// even as JSON, it shows its ID and [redacted] for its value: use a [KeyContainer] to deliver it.
type Key struct {
	ID  uuid.UUID `json:"key_ID"`
	Key Secret    `json:"key"`
}

// Equal reports whether both keys have the same ID and value. It compares values in constant time.
func (k Key) Equal(other Key) bool {
	return k.ID == other.ID && subtle.ConstantTimeCompare(k.Key.Reveal(), other.Key.Reveal()) == 1
}

// Clear zeroes the values of keys.
func Clear(keys []Key) {
	for _, k := range keys {
		clear(k.Key.Reveal())
	}
}

// KeyContainer carries keys to an SAE (ETSI GS QKD 014 V1.1.1, clause 6.3). Its JSON form, and
// nothing else, discloses the values of the keys, since its purpose is to deliver them. So do not
// put it into a struct that is logged as JSON.
type KeyContainer struct {
	Keys []Key
}

// deliveredContainer and deliveredKey are the JSON form of a KeyContainer.
type deliveredContainer struct {
	Keys deliveredKeys `json:"keys"`
}

type deliveredKeys []deliveredKey

// UnmarshalJSON implements [json.Unmarshaler]. Clients of the Python implementation of DSKE deliver
// one key as an object, not in an array.
func (k *deliveredKeys) UnmarshalJSON(data []byte) error {
	if len(data) > 0 && data[0] == '{' {
		*k = make(deliveredKeys, 1)
		return json.Unmarshal(data, &(*k)[0])
	}
	return json.Unmarshal(data, (*[]deliveredKey)(k))
}

type deliveredKey struct {
	ID  uuid.UUID `json:"key_ID"`
	Key []byte    `json:"key"` // padded base64
}

// MarshalJSON implements [json.Marshaler]; keys is an array even if there are none. The text has
// room for one byte more. Package json would leave a copy of the keys in a buffer of its own.
func (c KeyContainer) MarshalJSON() ([]byte, error) {
	const frame, one = `{"keys":[]}`, `{"key_ID":"","key":""},`
	size := len(frame) + 1
	for _, k := range c.Keys {
		size += len(one) + len(uuid.Nil.String()) + base64.StdEncoding.EncodedLen(len(k.Key.Reveal()))
	}
	text := append(make([]byte, 0, size), `{"keys":[`...)
	for i, k := range c.Keys {
		if i > 0 {
			text = append(text, ',')
		}
		text = append(text, `{"key_ID":"`...)
		text = append(text, k.ID.String()...)
		text = append(text, `","key":"`...)
		text = base64.StdEncoding.AppendEncode(text, k.Key.Reveal())
		text = append(text, `"}`...)
	}
	return append(text, `]}`...), nil
}

// UnmarshalJSON implements [json.Unmarshaler]. Members that the standard does not define are
// ignored.
func (c *KeyContainer) UnmarshalJSON(data []byte) error {
	if c.readPlain(data) {
		return nil
	}
	var read deliveredContainer
	if err := json.Unmarshal(data, &read); err != nil {
		return err
	}
	c.Keys = make([]Key, len(read.Keys))
	for i, k := range read.Keys {
		c.Keys[i] = Key{k.ID, NewSecret(k.Key)}
	}
	return nil
}

// LogValue implements [slog.LogValuer]: without it a logger that writes JSON would disclose the
// keys.
func (c KeyContainer) LogValue() slog.Value { return slog.AnyValue(c.Keys) }
