package node

import (
	"crypto/rand"
	"io"
	"net/http"
	"runtime"
)

// This file contains optimizations only; the comments say what each gains.

// growStack grows the stack of a goroutine at once to the size that a message to a hub needs.
// Otherwise the stack would grow, and be copied, three times on the way down to the socket. Without
// it a key pair takes 25 % longer over the memory transport, and 4 % over loopback.
//
//go:noinline
func growStack() {
	var room [12 << 10]byte
	runtime.KeepAlive(&room)
}

// SetHeader sets the members of a header: names, in the form of [http.CanonicalHeaderKey], each with
// its value after it. [http.Header.Set] would need an allocation for each, and would look at each
// letter of the name; a key pair has sixty of them, and takes 2 % longer with it.
func SetHeader(h http.Header, pairs ...string) {
	for i := 0; i < len(pairs); i += 2 {
		h[pairs[i]] = pairs[i+1 : i+2 : i+2]
	}
}

// inPieces is crypto/rand, read a little at a time. On Linux, a call for 128 KiB of random bytes is
// interrupted so often that it takes two and a half times as long as calls for small pieces.
type inPieces struct{}

func (inPieces) Read(p []byte) (int, error) { return rand.Read(p[:min(len(p), 4<<10)]) }

// maxExpected is the maximum size in bytes of the buffer for a body before any of it has arrived. A
// sender that announces a large body and sends nothing takes no more memory.
const maxExpected = 64 << 10

// ReadAll is like [io.ReadAll], for a body with an announced size in bytes (negative if unknown).
// It uses one buffer up to maxExpected. Beyond that it uses a new buffer each time that the
// received part has grown fourfold, where io.ReadAll needs a new one for each quarter more.
func ReadAll(r io.Reader, size int64) ([]byte, error) {
	if size < 0 {
		return io.ReadAll(r)
	}
	body := make([]byte, 0, min(size, maxExpected)+1) // one more byte, to see the end of the body
	for {
		n, err := r.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		if err == io.EOF {
			return body, nil
		}
		if err != nil {
			return body, err
		}
		if len(body) == cap(body) {
			larger := make([]byte, len(body), growTo(int64(len(body)), size))
			copy(larger, body)
			clear(body) // it may be secret
			body = larger
		}
	}
}

// growTo returns the new size of the buffer when come bytes of a body with an announced size have
// arrived.
func growTo(come, size int64) int64 {
	if size < come { // the announced size was wrong
		return 2 * come
	}
	return min(size+1, 4*come)
}
