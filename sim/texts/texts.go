// Package texts keeps many short texts, such as the names of a million clients.
package texts

import "strings"

// pieceSize is the size of a piece of memory, in bytes.
const pieceSize = 64 << 10

// Texts keeps texts in few pieces of memory: a million strings of their own would keep the garbage
// collector busy. A piece stays as long as any of its texts is in use, so that they should come and
// go together. The zero value is ready to use. It must not be copied.
type Texts struct{ piece strings.Builder }

// Join returns the parts as one text.
func (t *Texts) Join(parts ...string) string {
	size := 0
	for _, part := range parts {
		size += len(part)
	}
	if t.piece.Cap()-t.piece.Len() < size {
		t.piece.Reset()
		t.piece.Grow(max(pieceSize, size))
	}
	start := t.piece.Len()
	for _, part := range parts {
		t.piece.WriteString(part)
	}
	return t.piece.String()[start:]
}
