package etsi

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is the value of a key. However it is printed, logged or marshalled, it shows as
// [redacted]. Only [Secret.Reveal], and the JSON form of a [KeyContainer], yield the bytes. The
// zero value is an empty secret. Copies share the bytes.
type Secret struct {
	// reveal is a function because fmt follows a pointer to a slice (with %s, for one) even in an
	// unexported field of another package's struct, and prints what it finds there.
	reveal func() []byte
}

// NewSecret wraps value and does not copy it.
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
