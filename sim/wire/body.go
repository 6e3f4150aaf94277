package wire

import (
	"io"

	"dske/node"
)

// again returns a body with the bytes of one that was drained.
func again(body io.ReadCloser, all []byte) io.ReadCloser {
	if _, ok := node.Held(body); ok { // nothing was read
		return body
	}
	return node.NewBody(all)
}

// drain returns the bytes of a body, which may be nil, and closes it. They must not be changed.
// Size is the size of the body in bytes, or negative if it is unknown.
func drain(body io.ReadCloser, size int64) ([]byte, error) {
	if body == nil {
		return nil, nil
	}
	if all, ok := node.Held(body); ok {
		return all, nil
	}
	defer body.Close()
	return node.ReadAll(body, size)
}
