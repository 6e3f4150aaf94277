package wire

import (
	"bytes"
	"io"
)

// held is a body that is all there. Those who hand it on need not copy it: none of them alters it.
type held struct {
	bytes.Reader
	all []byte
}

// NewBody returns a body for a message whose bytes are all there. They may not be changed any more.
func NewBody(all []byte) io.ReadCloser {
	b := &held{all: all}
	b.Reset(all)
	return b
}

func (*held) Close() error { return nil }

// Held returns the bytes of a body of [NewBody] of which nothing has been read. They may not be
// changed.
func Held(body io.Reader) ([]byte, bool) {
	b, ok := body.(*held)
	if !ok || b.Len() < len(b.all) {
		return nil, false
	}
	return b.all, true
}

// drain returns the bytes of a body, of which nil is an empty one, and closes it. They may not be
// changed. Size is that of the body, in bytes; negative: it is not known.
func drain(body io.ReadCloser, size int64) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	if all, ok := Held(body); ok {
		return all, nil
	}
	defer body.Close()
	if size < 0 {
		return io.ReadAll(body)
	}
	var all bytes.Buffer
	all.Grow(int(min(size, 64<<10)) + bytes.MinRead) // which it does not have to be
	_, err := all.ReadFrom(body)
	return all.Bytes(), err
}
