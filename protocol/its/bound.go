package its

import (
	"math"
	"strconv"
)

// Bound is an upper bound on a probability. Bounds of several events add up to the bound that any of
// them happens.
type Bound float64

// order is the number of elements of the field.
const order = 1 << 128

// WrongKeyBound returns how likely it is at most that a wrong key of keySize bytes passes: the number of
// sets of k shares that may be tried, times (m+1)/2^128, where m is the key's size in blocks of 16 bytes.
// Of n hubs, fewer than k lie. attempts, at least 1, is how often Recover is called for that key; no call
// tries more than MaxSubsets. If hubs may answer more than once, n is the number of answers. The bound
// is 1, which claims nothing, for attempts below 1 and for arguments that Split would refuse.
func WrongKeyBound(n, k, keySize, attempts int) Bound {
	if checkSplit(keySize, k, n) != nil || attempts < 1 {
		return 1
	}
	sets := min(binomial(n, k), MaxSubsets*float64(attempts))
	return Bound(min(1, sets*float64(blocks(keySize)+1)/order))
}

// ForgeryBound returns how likely it is at most that one of a number of attempts at a forged message
// succeeds: s/2^128 for each, where s is the number of blocks of 16 bytes, the one with the lengths
// included. querySize and bodySize are the largest that the verifier accepts, in bytes. The bound is 1,
// which claims nothing, for negative arguments.
func ForgeryBound(querySize, bodySize, attempts int) Bound {
	if querySize < 0 || bodySize < 0 || attempts < 0 {
		return 1
	}
	s := float64(blocks(querySize)) + float64(blocks(bodySize)) + 1
	return Bound(min(1, s*float64(attempts)/order))
}

// String returns the bound as a power of two, like 2^-123.09, rounded up to hundredths so that it stays
// a bound; or 0, or 1.
func (b Bound) String() string {
	if b <= 0 {
		return "0"
	}
	exponent := math.Ceil(math.Log2(float64(b))*100) / 100
	if exponent >= 0 {
		return "1"
	}
	return "2^" + strconv.FormatFloat(exponent, 'f', -1, 64)
}

// binomial returns n over k, rounded.
func binomial(n, k int) float64 {
	result := 1.0
	for i := range k {
		result = result * float64(n-i) / float64(i+1)
	}
	return result
}
