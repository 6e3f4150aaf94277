package shamir

import (
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"io"
)

// digestSize is the number of bytes of HMAC-SHA-256(R, secret) at the start of a digest share,
// before R.
const digestSize = 4

// newDigest draws R from random and returns the digest share of a secret of at least digestSize
// bytes.
func newDigest(secret []byte, random io.Reader) ([]byte, error) {
	share := make([]byte, len(secret))
	if _, err := io.ReadFull(random, share[digestSize:]); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	sum := digest(share[digestSize:], secret)
	copy(share, sum[:])
	return share, nil
}

// digestMatches reports whether share is a digest share of secret. Both have the same length, at
// least digestSize bytes.
func digestMatches(share, secret []byte) bool {
	sum := digest(share[digestSize:], secret)
	return hmac.Equal(sum[:], share[:digestSize])
}

func digest(r, secret []byte) (sum [digestSize]byte) {
	mac := hmac.New(sha256.New, r)
	mac.Write(secret)
	full := mac.Sum(nil)
	copy(sum[:], full)
	clear(full)
	return sum
}
