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

// WrongKeyBound returns how likely it is at most that a wrong key of keySize bytes passes: the
// number of sets of k of n hubs, all of which may be tried, times (m+1)/2^128, where m is the key's
// size in blocks of 16 bytes. Fewer than k hubs lie, and each answers once. It is the bound for one
// slave. The bound is 1, which claims nothing, for arguments that Split would refuse.
func WrongKeyBound(n, k, keySize int) Bound {
	if k < 2 || k > n || n > maxShares || ShareSize(keySize, 1) == 0 {
		return 1
	}
	return Bound(min(1, binomial(n, k)*float64(blocks(keySize)+1)/order))
}

// ForgeryBound returns how likely it is at most that one of a number of attempts at a forged
// message succeeds: s/2^128 for each, where s is the number of blocks of 16 bytes, the one with the
// lengths included. contextSize and bodySize are the largest that the verifier accepts, in bytes:
// the worst message is the largest. The bound is 1, which claims nothing, for negative arguments.
func ForgeryBound(contextSize, bodySize, attempts int) Bound {
	if contextSize < 0 || bodySize < 0 || attempts < 0 {
		return 1
	}
	s := float64(blocks(contextSize)) + float64(blocks(bodySize)) + 1
	return Bound(min(1, s*float64(attempts)/order))
}

// ForgeryWarning is the chance of forgeries from which a verifier warns. It takes about a year of
// nothing but wrong messages at 1 Gbit/s to come to it.
const ForgeryWarning Bound = 0x1p-80

// AttemptsBound returns how likely it is at most that one of so many wrong messages would have been
// accepted, whose contexts and bodies had so many bytes together: a message has fewer blocks than a
// sixteenth of its bytes and three more, since both of its parts may end in a block that is not
// full and the lengths take one. A context that is not sent, as that of a response, counts too.
func AttemptsBound(messages, bytes uint64) Bound {
	return Bound(min(1, (float64(bytes)/ElementSize+3*float64(messages))/order))
}

// promisedSets is how many sets of shares a search tries in a fraction of a second, for small keys:
// all those of up to 16 hubs, C(16, 9) at most.
const promisedSets = 11440

// LiarsBorne returns how many lies among n answers a search with threshold k bears within a
// fraction of a second, whatever their order, if k others are true and the key is small. It is the
// largest t up to n-k and k-1 with C(k+t, k) sets to try no more than 11,440. Up to n = 16 that is
// min(n-k, k-1), beyond it can be less: 7 of 17 for k = 9, 5 of 20 for 11, 5 of 24 for 13, 4 of 32
// for 17. More are found as well, but in a time that grows like the number of sets, as long as the
// caller's context lets it. If n-t is more than k the size of the key does not matter. It is 0 for
// arguments that Split would refuse.
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

// String returns the bound as a power of two, like 2^-123.09, rounded up to hundredths so that it
// stays a bound; or 0, or 1.
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
