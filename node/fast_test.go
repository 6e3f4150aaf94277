package node

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"runtime"
	"testing"
	"testing/iotest"
)

// A body is read completely, whatever its announced size.
func TestReadAll(t *testing.T) {
	for _, size := range []int{0, 1, 100, maxExpected - 1, maxExpected, maxExpected + 1, 1<<20 + 7} {
		body := bytes.Repeat([]byte("body"), size/4+1)[:size]
		for _, said := range []int{-1, 0, 1, size - 1, size, size + 1, 4 * size, 1 << 40} {
			for name, r := range map[string]io.Reader{
				"at once":      bytes.NewReader(body),
				"in halves":    iotest.HalfReader(bytes.NewReader(body)),
				"with its end": iotest.DataErrReader(bytes.NewReader(body)),
			} {
				if got, err := ReadAll(r, int64(said)); err != nil || !bytes.Equal(got, body) {
					t.Errorf("%d bytes, said to be %d, %s: %d bytes, %v", size, said, name, len(got), err)
				}
			}
		}
	}
	broken := io.MultiReader(bytes.NewReader(make([]byte, 10)), iotest.ErrReader(io.ErrUnexpectedEOF))
	if got, err := ReadAll(broken, 20); len(got) != 10 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

// The bytes of a body are passed on only if nothing of it has been read.
func TestHeld(t *testing.T) {
	body := NewBody([]byte("body"))
	if all, ok := Held(body); !ok || string(all) != "body" {
		t.Errorf("%q, %v", all, ok)
	}
	if _, err := io.ReadFull(body, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	if all, ok := Held(body); ok {
		t.Errorf("%q after a part was read", all)
	}
	if all, ok := Held(http.NoBody); !ok || len(all) > 0 {
		t.Errorf("no body: %q, %v", all, ok)
	}
	if _, ok := Held(bytes.NewReader(nil)); ok {
		t.Error("another reader is a body")
	}
}

// A large announced body takes memory only for the part that has arrived.
func TestBodiesThatDoNotComeTakeNoMemory(t *testing.T) {
	taken := func(come int) uint64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := ReadAll(io.MultiReader(bytes.NewReader(make([]byte, come)), iotest.ErrReader(io.ErrUnexpectedEOF)), 4<<20)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Fatal("no error")
		}
		return after.TotalAlloc - before.TotalAlloc
	}
	if got := taken(0); got > 2*maxExpected {
		t.Errorf("nothing has come, and %d bytes are taken", got)
	}
	if got := taken(1 << 20); got > 8<<20 {
		t.Errorf("of a MiB that has come %d bytes are taken", got)
	}
}
