package its_test

import (
	"math"
	"testing"

	"dske/protocol/its"
)

const maxInt = math.MaxInt

func TestWrongKeyBound(t *testing.T) {
	for _, c := range []struct {
		n, k, keySize, attempts int
		want                    its.Bound
	}{
		{5, 3, 32, 1, 10 * 3 / 0x1p128},
		{5, 3, 32, 1000, 10 * 3 / 0x1p128}, // there are no more sets
		{2, 2, 1, 1, 2 / 0x1p128},
		{7, 4, 33, 1, 35 * 4 / 0x1p128},
		{254, 254, 16, 1, 2 / 0x1p128},
		{20, 10, 32, 1, 5000 * 3 / 0x1p128},
		{20, 10, 32, 10, 50000 * 3 / 0x1p128},
		{20, 10, 32, 100, 184756 * 3 / 0x1p128},
		{254, 127, 1 << 30, maxInt, 5000 * maxInt * (1<<26 + 1) / 0x1p128},
		{3, 5, 32, 1, 1},
		{5, 1, 32, 1, 1},
		{255, 3, 32, 1, 1},
		{5, 3, 0, 1, 1},
		{5, 3, 1<<30 + 1, 1, 1},
		{5, 3, 32, 0, 1},
	} {
		got := its.WrongKeyBound(c.n, c.k, c.keySize, c.attempts)
		if math.Abs(float64(got/c.want)-1) > 1e-12 {
			t.Errorf("%d of %d, %d bytes, %d attempts: %g, want %g", c.k, c.n, c.keySize, c.attempts, got, c.want)
		}
	}
}

func TestForgeryBound(t *testing.T) {
	for _, c := range []struct {
		query, body, attempts int
		want                  its.Bound
	}{
		{0, 0, 1, 1 / 0x1p128},
		{0, 1, 1, 2 / 0x1p128},
		{1, 16, 1, 3 / 0x1p128},
		{17, 17, 1, 5 / 0x1p128},
		{100, 1 << 20, 1000, 1000 * (7 + 65536 + 1) / 0x1p128},
		{0, 0, 0, 0},
		{maxInt, maxInt, maxInt, 0x1p60 * maxInt / 0x1p128},
		{-1, 0, 1, 1},
		{0, -1, 1, 1},
		{0, 0, -1, 1},
	} {
		got := its.ForgeryBound(c.query, c.body, c.attempts)
		if math.Abs(float64(got-c.want)) > 1e-12*float64(c.want) {
			t.Errorf("%d and %d bytes, %d attempts: %g, want %g", c.query, c.body, c.attempts, got, c.want)
		}
	}
}

// What is printed is never less than the bound, and not much more.
func TestBoundAsText(t *testing.T) {
	for _, c := range []struct {
		bound its.Bound
		want  string
	}{
		{its.WrongKeyBound(5, 3, 32, 1), "2^-123.09"}, // log2(30) is 4.9069
		{its.ForgeryBound(0, 0, 1), "2^-128"},
		{its.ForgeryBound(0, 0, 3), "2^-126.41"}, // log2(3) is 1.58496
		{0.5, "2^-1"},
		{0.999, "1"},
		{1, "1"},
		{17, "1"},
		{0, "0"},
	} {
		if got := c.bound.String(); got != c.want {
			t.Errorf("%g prints as %s, want %s", float64(c.bound), got, c.want)
		}
	}
}
