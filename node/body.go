package node

import (
	"bytes"
	"io"
	"net/http"
)

// held is a body whose bytes are all there. It can be passed on without copying, since nobody
// alters it.
type held struct {
	bytes.Reader
	all []byte
}

// NewBody returns a body with all its bytes. They must not be changed any more.
func NewBody(all []byte) io.ReadCloser {
	b := &held{all: all}
	b.Reset(all)
	return b
}

func (*held) Close() error { return nil }

// Held returns the bytes of a body from [NewBody] of which nothing has been read, or nothing for
// [http.NoBody]. They must not be changed.
func Held(body io.Reader) ([]byte, bool) {
	if body == http.NoBody {
		return nil, true
	}
	b, ok := body.(*held)
	if !ok || b.Len() < len(b.all) {
		return nil, false
	}
	return b.all, true
}
