package its_test

import (
	"math"
	"testing"

	"dske/protocol/its"
)

const maxInt = math.MaxInt

func TestWrongKeyBound(t *testing.T) {
	for _, c := range []struct {
		n, k, keySize int
		want          its.Bound
	}{
		{5, 3, 32, 10 * 3 / 0x1p128},
		{2, 2, 1, 2 / 0x1p128},
		{7, 4, 33, 35 * 4 / 0x1p128},
		{254, 254, 16, 2 / 0x1p128},
		{16, 9, 32, 11440 * 3 / 0x1p128},
		{20, 10, 32, 184756 * 3 / 0x1p128},
		{254, 127, 1 << 30, 1},
		{3, 5, 32, 1},
		{5, 1, 32, 1},
		{255, 3, 32, 1},
		{5, 3, 0, 1},
		{5, 3, 1<<30 + 1, 1},
	} {
		got := its.WrongKeyBound(c.n, c.k, c.keySize)
		if math.Abs(float64(got/c.want)-1) > 1e-12 {
			t.Errorf("%d of %d, %d bytes: %g, want %g", c.k, c.n, c.keySize, got, c.want)
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

// The bound from the number of messages and bytes is never below the sum over the messages.
func TestAttemptsBound(t *testing.T) {
	for _, m := range [][2]int{{0, 0}, {1, 1}, {16, 16}, {17, 31}, {100, 4 << 20}} {
		one, counted := its.ForgeryBound(m[0], m[1], 1), its.AttemptsBound(1, uint64(m[0]+m[1]))
		if one > counted || counted > one+3/0x1p128 {
			t.Errorf("%v bytes: %g, and %g by the count", m, one, counted)
		}
	}
	if got := its.AttemptsBound(0, 0); got != 0 {
		t.Errorf("nothing received: %v", got)
	}
	// A year of nothing but wrong messages: at 100 Gbit/s the shortest messages that can exist, and
	// at 1 Gbit/s.
	const year, shortest = 365 * 24 * 3600, 150
	if got := its.AttemptsBound(year*100e9/8/shortest, year*100e9/8); got >= 0x1p-73 {
		t.Errorf("a year at 100 Gbit/s: %v", got)
	}
	if got := its.AttemptsBound(year*1e9/8/1500, year*1e9/8); got >= its.ForgeryWarning || got < its.ForgeryWarning/2 {
		t.Errorf("a year at 1 Gbit/s: %v", got)
	}
}

func TestLiarsBorne(t *testing.T) {
	for _, c := range []struct{ n, k, want int }{
		{2, 2, 0}, {3, 2, 1}, {5, 3, 2}, {5, 5, 0}, {7, 2, 1}, {16, 8, 7}, {16, 9, 7}, {16, 12, 4},
		{17, 9, 7}, {20, 11, 5}, {24, 13, 5}, {32, 17, 4}, {254, 2, 1}, {254, 127, 2}, {254, 254, 0},
		{3, 5, 0}, {5, 1, 0}, {255, 3, 0}, {0, 0, 0},
	} {
		if got := its.LiarsBorne(c.n, c.k); got != c.want {
			t.Errorf("%d of %d: %d, want %d", c.k, c.n, got, c.want)
		}
	}
	for n := 2; n <= 16; n++ {
		for k := 2; k <= n; k++ {
			if got := its.LiarsBorne(n, k); got != min(n-k, k-1) {
				t.Errorf("%d of %d: %d, want %d", k, n, got, min(n-k, k-1))
			}
		}
	}
}

// The printed value is never less than the bound, and not much more.
func TestBoundAsText(t *testing.T) {
	for _, c := range []struct {
		bound its.Bound
		want  string
	}{
		{its.WrongKeyBound(5, 3, 32), "2^-123.09"}, // log2(30) is 4.9069
		{its.WrongKeyBound(16, 8, 32), "2^-112.76"},
		{its.WrongKeyBound(16, 9, 32), "2^-112.93"},
		{its.ForgeryBound(16<<10, 4<<20, 1), "2^-109.99"},
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
