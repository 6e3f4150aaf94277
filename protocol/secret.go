package protocol

import (
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Secret is key material: a key or a share in the clear. It shows as [redacted] when it is printed,
// logged or marshalled, and also from inside another value never shows its bytes; only
// [Secret.Reveal] yields them. Its zero value is an empty secret. Copies share the bytes.
type Secret struct {
	// A function, because fmt looks into unexported fields and would print a slice, also behind a
	// pointer.
	reveal func() []byte
}

// NewSecret wraps value, which it does not copy.
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
