// Package shamir splits a secret into n shares, any k of which give it back.
//
// It is Shamir's scheme ("How to share a secret", 1979), byte by byte over GF(2^8) with the
// polynomial x^8+x^4+x^3+x+1: every byte position of the secret has its own polynomial f of degree
// k-1. f(255) is the secret, share i is f(i), and f(254) is a digest share: the first four bytes of
// HMAC-SHA-256(R, secret) followed by R, which is random and four bytes shorter than the secret.
// Reconstruction computes the digest again, and so detects a wrong share. SLIP-0039 defines the
// same arrangement.
//
// Use Split to share a secret, Combine if all shares can be trusted, and Recover if some of them
// may be lies.
//
// # What it protects, and what not
//
// Up to k-2 shares say nothing at all about the secret. The share before the threshold says little:
// with k-1 shares a guess of the secret can be checked against the digest, so an attacker who can
// try all guesses has 32 bits of uncertainty less. That does not help against a key of 16 bytes or
// more. A secret of four bytes, the shortest one allowed, takes 2^32 guesses.
//
// A wrong secret passes the digest by chance once in 2^32 sets of shares. k or more liars who
// conspire can make up any secret they like.
//
// Operations on a secret or the value of a share take the same time for all values: no look-ups,
// branches or early exits depend on them. The threshold, indices and lengths are public.
// Intermediate buffers are cleared after use.
package shamir

import "errors"

const (
	minSecret = digestSize // bytes; a digest share has no room for less
	maxShares = 254        // x = 0..253
	digestX   = 254        // x of the digest share
	secretX   = 255        // x of the secret
)

// Errors of this package. They are returned wrapped, with the offending values. None of them
// contains a byte of a secret or a share.
var (
	ErrThreshold  = errors.New("need 2 <= threshold <= number of shares <= 254")
	ErrSecretSize = errors.New("secret is shorter than 4 bytes")
	ErrTooFew     = errors.New("fewer usable shares than the threshold")
	ErrShares     = errors.New("shares do not fit together")
	ErrDigest     = errors.New("digest of the reconstructed secret does not match")
)

// Share is one point of the polynomials: f(Index), byte by byte. A share is as confidential as the
// part of the secret it stands for: do not log it.
type Share struct {
	Index int    // x-coordinate, 0..253
	Value []byte // same length as the secret
}
