package its

import (
	"math"
	"strconv"
)

// Bound is an upper bound on a probability. Bounds of several events add up to the bound that any
// of them happens.
type Bound float64

// order is the number of elements of the field.
const order = 1 << 128

// WrongKeyBound returns an upper bound on the probability that a wrong key of keySize bytes passes:
// the number of sets of k of n hubs, all of which may be tried, times (m+1)/2^128, where m is the
// key's size in blocks of 16 bytes. It assumes that fewer than k hubs lie and that each answers
// once. It is the bound for one slave. It is 1, which claims nothing, for arguments that Split
// would refuse.
func WrongKeyBound(n, k, keySize int) Bound {
	if k < 2 || k > n || n > maxShares || ShareSize(keySize, 1) == 0 {
		return 1
	}
	return Bound(min(1, binomial(n, k)*float64(blocks(keySize)+1)/order))
}

// ForgeryBound returns an upper bound on the probability that one of a number of attempts to forge
// a message succeeds: s/2^128 for each, where s is the number of blocks of 16 bytes, including the
// block with the lengths. contextSize and bodySize are the maximum sizes that the verifier accepts,
// in bytes: the largest message is the worst. The bound is 1, which claims nothing, for negative
// arguments.
func ForgeryBound(contextSize, bodySize, attempts int) Bound {
	if contextSize < 0 || bodySize < 0 || attempts < 0 {
		return 1
	}
	s := float64(blocks(contextSize)) + float64(blocks(bodySize)) + 1
	return Bound(min(1, s*float64(attempts)/order))
}

// ForgeryWarning is the probability of a forgery from which a verifier warns. It takes about a year
// of nothing but wrong messages at 1 Gbit/s to reach it.
const ForgeryWarning Bound = 0x1p-80

// AttemptsBound returns an upper bound on the probability that one of a number of wrong messages
// would have been accepted. bytes is the total size of their contexts and bodies. A message has
// fewer blocks than a sixteenth of its bytes plus three, since both of its parts may end in a
// partial block and the lengths take one. A context that is not sent, such as that of a response,
// counts, too.
func AttemptsBound(messages, bytes uint64) Bound {
	return Bound(min(1, (float64(bytes)/ElementSize+3*float64(messages))/order))
}

// promisedSets is how many sets of shares a search tries in a fraction of a second, for small keys:
// all sets for up to 16 hubs, at most C(16, 9).
const promisedSets = 11440

// LiarsBorne returns how many lies among n answers a search with threshold k tolerates within a
// fraction of a second, in any order, if k others are true and the key is small. It is the largest
// t up to n-k and k-1 for which there are at most 11,440 sets, C(k+t, k), to try. Up to n = 16 that
// is min(n-k, k-1). Beyond that it can be less: 7 of 17 for k = 9, 5 of 20 for 11, 5 of 24 for 13,
// 4 of 32 for 17. A search finds more lies, too, but takes a time that grows like the number of
// sets, within the caller's context. If n-t is more than k, the size of the key does not matter.
// The result is 0 for arguments that Split would refuse.
func LiarsBorne(n, k int) int {
	if k < 2 || k > n || n > maxShares {
		return 0
	}
	t := 0
	for t < min(n-k, k-1) && binomial(k+t+1, k) <= promisedSets {
		t++
	}
	return t
}

// String returns the bound as a power of two, such as 2^-123.09, rounded up to hundredths so that
// it stays a bound; or 0, or 1.
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
