package shamir

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func TestEvaluateIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 40).Draw(t, "size")
		indices := rapid.SliceOfNDistinct(rapid.IntRange(0, 255), 1, 6, rapid.ID).Draw(t, "indices")
		var points []Share
		for _, x := range indices {
			value := rapid.SliceOfN(rapid.Byte(), size, size).Draw(t, "value")
			points = append(points, Share{x, value})
		}
		x := rapid.IntRange(0, 255).Draw(t, "x")
		if got, want := evaluate(points, x), modelEvaluate(points, x); !bytes.Equal(got, want) {
			t.Fatalf("f(%d) = %x, want %x", x, got, want)
		}
	})
}

// Lengths about the block size: the last block is full, or ends with or within a word.
func TestEvaluateAcrossBlocks(t *testing.T) {
	random := rand.NewChaCha8([32]byte{1})
	for _, size := range []int{blockSize - 1, blockSize, blockSize + 1, 2*blockSize + 9} {
		points := []Share{{3, make([]byte, size)}, {77, make([]byte, size)}, {255, make([]byte, size)}}
		for _, p := range points {
			random.Read(p.Value)
		}
		if !bytes.Equal(evaluate(points, 254), modelEvaluate(points, 254)) {
			t.Errorf("wrong value for %d bytes", size)
		}
	}
}

func TestEvaluateAtAPointIsThatPoint(t *testing.T) {
	points := []Share{{0, []byte("abcd")}, {9, []byte("efgh")}, {255, []byte("ijkl")}}
	for _, p := range points {
		if got := evaluate(points, p.Index); !bytes.Equal(got, p.Value) {
			t.Errorf("f(%d) = %q, want %q", p.Index, got, p.Value)
		}
	}
}
