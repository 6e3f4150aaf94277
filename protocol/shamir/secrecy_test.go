package shamir

import (
	"bytes"
	"fmt"
	"testing"
)

// Perfect secrecy of the interpolation, by counting: whatever the secret byte is, k-1 shares take
// every combination of values for exactly one choice of the random bytes. So they make no candidate
// likelier than another. The digest byte counts as random here; the package comment says what its
// first four bytes disclose.
func TestSecrecyOfThresholdTwo(t *testing.T) {
	for secret := range 256 {
		points := everyChoice(2, byte(secret))
		for _, x := range []int{0, 1, 2, 15, 100, 253} {
			assertUniform(t, fmt.Sprintf("secret %d, share %d", secret, x), interpolate(points, x, x+1))
		}
	}
}

func TestSecrecyOfThresholdThree(t *testing.T) {
	for secret := 0; secret < 256; secret += 15 {
		points := everyChoice(3, byte(secret))
		for _, pair := range [][2]int{{0, 1}, {7, 253}} {
			assertUniform(t, fmt.Sprintf("secret %d, shares %v", secret, pair), []Share{
				{pair[0], evaluate(points, pair[0])},
				{pair[1], evaluate(points, pair[1])},
			})
		}
	}
}

// everyChoice returns the points that define a splitting, with one byte position for every choice
// of the random bytes: those of shares 0..threshold-3 and of the digest share.
func everyChoice(threshold int, secret byte) []Share {
	choices := 1 << (8 * (threshold - 1))
	var points []Share
	for i := range threshold - 1 {
		value := make([]byte, choices)
		for choice := range value {
			value[choice] = byte(choice >> (8 * i))
		}
		points = append(points, Share{i, value})
	}
	points[threshold-2].Index = digestX
	return append(points, Share{secretX, bytes.Repeat([]byte{secret}, choices)})
}

// assertUniform fails if two byte positions hold the same bytes in all shares. There are as many
// positions as combinations, so otherwise each combination occurs once.
func assertUniform(t *testing.T, what string, shares []Share) {
	t.Helper()
	seen := make([]bool, len(shares[0].Value))
	for choice := range seen {
		combination := 0
		for _, s := range shares {
			combination = combination<<8 | int(s.Value[choice])
		}
		if seen[combination] {
			t.Fatalf("%s: values %#x occur twice", what, combination)
		}
		seen[combination] = true
	}
}
