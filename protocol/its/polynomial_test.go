package its

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// Points of polynomials with known coefficients determine every other point.
func TestPolynomialsAreTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		indices := rapid.SliceOfNDistinct(rapid.IntRange(-1, 253), 1, 6, rapid.ID).Draw(t, "indices")
		degree := rapid.IntRange(0, len(indices)-1).Draw(t, "degree")
		first := rapid.SliceOfN(anyElement, degree+1, degree+1).Draw(t, "first")
		second := rapid.SliceOfN(anyElement, degree+1, degree+1).Draw(t, "second")
		model := func(index int) []byte {
			x := Element{lo: uint64(index + 1)}
			a, b := bigField.evaluate(first, x).Bytes(), bigField.evaluate(second, x).Bytes()
			return append(a[:], b[:]...)
		}
		var points []Share
		for _, i := range indices {
			points = append(points, Share{i, model(i)})
		}
		index := rapid.IntRange(-1, 253).Draw(t, "index")
		if got, want := through(points).at(index), model(index); !bytes.Equal(got, want) {
			t.Fatalf("share %d is %x, want %x", index, got, want)
		}
	})
}

func TestPolynomialsAtAPointAreThatPoint(t *testing.T) {
	points := []Share{{-1, []byte("some of the data")}, {9, []byte("more of the data")}, {253, []byte("last of the data")}}
	for _, p := range points {
		if got := through(points).at(p.Index); !bytes.Equal(got, p.Value) {
			t.Errorf("share %d is %q, want %q", p.Index, got, p.Value)
		}
	}
}
