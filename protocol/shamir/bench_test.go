package shamir_test

import (
	"crypto/rand"
	"fmt"
	"testing"

	"dske/protocol/shamir"
)

func BenchmarkSplit(b *testing.B) {
	forSizes(b, func(b *testing.B, secret []byte) {
		for b.Loop() {
			if _, err := shamir.Split(secret, 3, 5, rand.Reader); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCombine(b *testing.B) {
	forSizes(b, func(b *testing.B, secret []byte) {
		shares, err := shamir.Split(secret, 3, 5, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := shamir.Combine(3, shares[2:]); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// forSizes runs a benchmark for a short key and for a very long one.
func forSizes(b *testing.B, run func(*testing.B, []byte)) {
	for _, size := range []int{32, 2 << 20} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			secret := make([]byte, size)
			if _, err := rand.Read(secret); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			run(b, secret)
		})
	}
}
