package etsi

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is the value of a key. However it is printed, logged or marshalled, it shows as
// [redacted]; only [Secret.Reveal] yields the bytes, and a [KeyContainer] that is turned into JSON.
// Its zero value is an empty secret. Copies share the bytes.
type Secret struct {
	// A function, because fmt follows a pointer to a slice even in an unexported field of a
	// stranger's struct (with %s, for one), and prints what it finds there.
	reveal func() []byte
}

// NewSecret wraps value, which it does not copy.
func NewSecret(value []byte) Secret {
	return Secret{func() []byte { return value }}
}

// Reveal returns the bytes themselves, not a copy.
func (s Secret) Reveal() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// Format implements [fmt.Formatter] for every verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements [encoding.TextMarshaler], and with it JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }
