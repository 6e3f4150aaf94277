package texts

import (
	"fmt"
	"strings"
	"testing"
)

// Texts stay as they are when others follow, across pieces.
func TestTexts(t *testing.T) {
	var kept Texts
	var got []string
	for i := range 20_000 {
		got = append(got, kept.Join("client", fmt.Sprint(i)))
	}
	long := strings.Repeat("x", 2*pieceSize)
	got = append(got, kept.Join(long), kept.Join())
	for i := range 20_000 {
		if want := fmt.Sprint("client", i); got[i] != want {
			t.Fatalf("text %d is %q, want %q", i, got[i], want)
		}
	}
	if got[20_000] != long || got[20_001] != "" {
		t.Error("a long or an empty text is not kept")
	}
}

// A text costs no allocation of its own.
func TestAllocations(t *testing.T) {
	var kept Texts
	if n := testing.AllocsPerRun(100, func() { kept.Join("/client/", "client1") }); n > 0 {
		t.Errorf("%v allocations for each text", n)
	}
}
