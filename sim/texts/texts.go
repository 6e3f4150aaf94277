// Package texts keeps many short texts, such as the names of a million clients.
package texts

import "strings"

// The sizes of the pieces of memory: in bytes, and in texts of lists.
const (
	pieceSize = 64 << 10
	listSize  = 4 << 10
)

// Texts keeps texts in few pieces of memory: a million strings of their own would keep the garbage
// collector busy. A piece stays as long as any of its texts is in use, so that they should come and
// go together. The zero value is ready to use. It must not be copied.
type Texts struct {
	piece strings.Builder
	lists []string
}

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

// List returns a copy of a list. Appending to it copies it again.
func (t *Texts) List(list []string) []string {
	if cap(t.lists)-len(t.lists) < len(list) {
		t.lists = make([]string, 0, max(listSize, len(list)))
	}
	start := len(t.lists)
	for _, text := range list {
		t.lists = append(t.lists, t.Join(text))
	}
	return t.lists[start:len(t.lists):len(t.lists)]
}
