package shamir

import (
	"testing"

	"pgregory.net/rapid"
)

func TestMultiplyIsTheModels(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			got, want := multiply(byte(a), byte(b)), modelMultiply(byte(a), byte(b))
			if got != want {
				t.Fatalf("%#x times %#x is %#x, want %#x", a, b, got, want)
			}
		}
	}
}

// FIPS 197, section 4.2.
func TestMultiplyKnownAnswer(t *testing.T) {
	if got := multiply(0x57, 0x83); got != 0xc1 {
		t.Errorf("0x57 times 0x83 is %#x, want 0xc1", got)
	}
}

func TestDivideUndoesMultiply(t *testing.T) {
	for a := range 256 {
		for b := 1; b < 256; b++ {
			if got := modelMultiply(divide(byte(a), byte(b)), byte(b)); got != byte(a) {
				t.Fatalf("%#x through %#x times the latter is %#x", a, b, got)
			}
		}
	}
}

func TestDoubleIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "v")
		got := append([]byte(nil), v...)
		double(got)
		for i := range v {
			if want := modelMultiply(v[i], 2); got[i] != want {
				t.Fatalf("byte %d of %d, twice %#x: %#x, want %#x", i, len(v), v[i], got[i], want)
			}
		}
	})
}

// Elements in a word must not affect each other: every pair of neighbours is tried.
func TestDoubleWordKeepsNeighboursApart(t *testing.T) {
	for a := range 256 {
		for b := range 256 {
			got := doubleWord(uint64(a)<<16 | uint64(b)<<8)
			want := uint64(modelMultiply(byte(a), 2))<<16 | uint64(modelMultiply(byte(b), 2))<<8
			if got != want {
				t.Fatalf("%#x beside %#x: %#x, want %#x", a, b, got, want)
			}
		}
	}
}
