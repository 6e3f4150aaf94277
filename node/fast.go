package node

import (
	"io"
	"net/http"
	"runtime"
)

// What is in this file could be left out, and is here for what it gains.

// growStack makes room on the stack of a goroutine in one go. A message to a hub needs this much;
// otherwise the stack would grow, and be copied, three times on the way down to the socket. A key
// pair takes 25 % longer without it over the memory transport, and 4 % over loopback.
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

// inPieces reads a little at a time. On Linux, a call for 128 KiB of random bytes is interrupted so
// often that it takes two and a half times as long as the calls for its pieces.
type inPieces struct{ io.Reader }

func (r inPieces) Read(p []byte) (int, error) { return r.Reader.Read(p[:min(len(p), 4<<10)]) }

// maxExpected is up to which size, in bytes, a buffer is made for a body before any of it has come.
// Whoever says that he will send so much and sends nothing takes no more than that.
const maxExpected = 64 << 10

// ReadAll is [io.ReadAll] for a body that is said to be of a size, in bytes; negative, if it is not
// said. It needs just one buffer up to maxExpected, and beyond that one for each time that what has
// come has become four times as much, where io.ReadAll needs one for each quarter more.
func ReadAll(r io.Reader, size int64) ([]byte, error) {
	if size < 0 {
		return io.ReadAll(r)
	}
	body := make([]byte, 0, min(size, maxExpected)+1) // one more, to see that there is no more
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

// growTo returns how large the buffer becomes when so many bytes have come of a body that is said
// to be of a size.
func growTo(come, size int64) int64 {
	if size < come { // that was not true
		return 2 * come
	}
	return min(size+1, 4*come)
}
