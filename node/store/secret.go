package store

import (
	"bytes"
	"fmt"
	"log/slog"
)

// Secret is bytes that are never printed, like protocol.Secret of the package above. The zero value
// is empty.
type Secret struct {
	reveal func() []byte // a function, because fmt would print a slice
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

// Clone returns a copy.
func (s Secret) Clone() Secret { return NewSecret(bytes.Clone(s.Reveal())) }

// Format implements [fmt.Formatter] for every verb.
func (Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[secret]") }

// MarshalText implements [encoding.TextMarshaler].
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// LogValue implements [slog.LogValuer].
func (Secret) LogValue() slog.Value { return slog.StringValue("[secret]") }
