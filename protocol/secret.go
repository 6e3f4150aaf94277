package protocol

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is key material: a key or a share in the clear. It shows as [redacted] when it is printed,
// logged or marshalled, even inside another value. Only [Secret.Reveal] yields its bytes. The zero
// value is an empty secret. Copies share the bytes.
type Secret struct {
	// reveal is a function because fmt looks into unexported fields, and would print a slice even
	// behind a pointer.
	reveal func() []byte
}

// NewSecret wraps value and does not copy it.
func NewSecret(value []byte) Secret { return Secret{func() []byte { return value }} }

// Reveal returns the bytes themselves, not a copy.
func (s Secret) Reveal() []byte {
	if s.reveal == nil {
		return nil
	}
	return s.reveal()
}

// Size returns the number of bytes.
func (s Secret) Size() int { return len(s.Reveal()) }

// Format implements [fmt.Formatter] for every verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, redacted) }

// MarshalText implements [encoding.TextMarshaler], and with it JSON and YAML.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }
