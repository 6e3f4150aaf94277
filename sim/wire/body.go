package wire

import (
	"bytes"
	"io"
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

// Held returns the bytes of a body from [NewBody] of which nothing has been read. They must not be
// changed.
func Held(body io.Reader) ([]byte, bool) {
	b, ok := body.(*held)
	if !ok || b.Len() < len(b.all) {
		return nil, false
	}
	return b.all, true
}

// again returns a body with the bytes of one that was drained.
func again(body io.ReadCloser, all []byte) io.ReadCloser {
	if _, ok := Held(body); ok { // nothing was read
		return body
	}
	return NewBody(all)
}

// drain returns the bytes of a body, which may be nil, and closes it. They must not be changed.
// Size is the size of the body in bytes, or negative if it is unknown.
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
	all.Grow(int(min(size, 64<<10)) + bytes.MinRead) // the size may be wrong
	_, err := all.ReadFrom(body)
	return all.Bytes(), err
}
