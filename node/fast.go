package node

import (
	"io"
	"runtime"
)

// What is in this file could be left out, and is here for what it gains.

// growStack makes room on the stack of a goroutine in one go. A message to a hub needs this much; otherwise
// the stack would grow, and be copied, three times on the way down to the socket. A key pair takes 25 % longer
// without it over the memory transport, and 4 % over loopback.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}

// inPieces reads a little at a time. On Linux, a call for 128 KiB of random bytes is interrupted so often
// that it takes two and a half times as long as the calls for its pieces.
type inPieces struct{ io.Reader }

func (r inPieces) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 4<<10)]) }

// maxExpected is up to which size, in bytes, a buffer is made for a body before any of it has come.
const maxExpected = 1 << 20

// ReadAll is [io.ReadAll] for a body that is said to be of a size, in bytes; negative, if it is not said. It
// needs just one buffer, unless the size is wrong or very large, where io.ReadAll needs one for each doubling.
func ReadAll(r io.Reader, size int64) ([]byte, error) {
	if size < 0 || size > maxExpected {
		return io.ReadAll(r)
	}
	body := make([]byte, 0, size+1) // one more, to see that there is no more
	for len(body) < cap(body) {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
	}
	rest, err := io.ReadAll(r)
	return append(body, rest...), err
}
