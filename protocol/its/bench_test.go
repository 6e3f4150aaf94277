package its_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"dske/protocol/its"
)

func BenchmarkMul(b *testing.B) {
	x := its.NewElement([16]byte{1, 2, 3})
	for b.Loop() {
		x = x.Mul(x)
	}
}

func BenchmarkInverse(b *testing.B) {
	x := its.NewElement([16]byte{1, 2, 3})
	for b.Loop() {
		x = x.Inverse()
	}
}

func BenchmarkMAC(b *testing.B) {
	key := random(b, its.SigningKeySize)
	for _, size := range []int{256, 4 << 20} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			body := random(b, size)
			b.SetBytes(int64(size))
			for b.Loop() {
				its.MAC(key, nil, body)
			}
		})
	}
}

func BenchmarkSplit(b *testing.B) {
	forSizes(b, func(b *testing.B, key []byte) {
		for b.Loop() {
			if _, _, err := its.Split(key, 3, firstHubs(5), 1, rand.Reader); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkFromPads(b *testing.B) {
	forSizes(b, func(b *testing.B, key []byte) {
		pads := randomPads(b, []int{0, 1, 2}, its.ShareSize(len(key), 1), 3)
		for b.Loop() {
			if _, _, _, err := its.FromPads(pads, []int{3, 4}, len(key), 1); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkCombine(b *testing.B) {
	forSizes(b, func(b *testing.B, key []byte) {
		shares, tags, err := its.Split(key, 3, firstHubs(5), 1, rand.Reader)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if _, err := its.Combine(3, answers(shares[2:], len(key), tags[0])); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The worst case of a search: the maximum number of liars among sixteen hubs have answered first.
// With six liars, the size of the key matters less.
func BenchmarkSearch(b *testing.B) {
	for _, c := range []struct{ size, liars int }{{32, 7}, {128, 7}, {1024, 7}, {32, 6}, {2 << 20, 6}} {
		b.Run(fmt.Sprintf("%dB-%dliars", c.size, c.liars), func(b *testing.B) {
			key := random(b, c.size)
			given := answersOf(b, key, 9, 16, 7)
			for i := range c.liars {
				given[i].Value = random(b, len(given[i].Value))
			}
			for b.Loop() {
				searchOnce(b, 9, given)
			}
		})
	}
}

// searchOnce searches briefly after each answer, and then until the key is found.
func searchOnce(b *testing.B, threshold int, given []its.Answer) {
	search := newSearch(b, threshold)
	for _, a := range given {
		if err := search.Add(a); err != nil {
			b.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		_, err := search.Find(ctx)
		cancel()
		if err == nil {
			return
		}
	}
	if _, err := search.Find(context.Background()); err != nil {
		b.Fatal(err)
	}
}

// forSizes runs a benchmark for a short key and for a very long one.
func forSizes(b *testing.B, run func(*testing.B, []byte)) {
	for _, size := range []int{32, 2 << 20} {
		b.Run(fmt.Sprintf("%dB", size), func(b *testing.B) {
			b.SetBytes(int64(size))
			run(b, random(b, size))
		})
	}
}

func random(b *testing.B, size int) []byte {
	data := make([]byte, size)
	if _, err := rand.Read(data); err != nil {
		b.Fatal(err)
	}
	return data
}
