// Package its is the mathematics of the information-theoretic suite: secret sharing with a secret tag,
// and message authentication, whose security rests on no assumption about computing power.
//
// Use [Split] to share a key, or [FromPads] to take key and shares from pre-shared random data;
// [Combine] if all shares are to be trusted to be what was split, and [Recover] if some of them may be
// lies; [MAC] to authenticate a message. [WrongKeyBound] and [ForgeryBound] say how likely a failure
// is at most. Package shamir does the same work for the suite that relies on SHA-256.
//
// The design follows the published one of Distributed Symmetric Key Establishment (arXiv 2205.00615,
// 2304.13789, 2407.20969) in shape. The wire format and the proofs below are this project's own;
// nobody else has reviewed them.
//
// # Formulas
//
// All arithmetic is that of the field F with 2^128 elements, see [Element]. A key of L bytes is padded
// with zero bytes to m = ceil(L/16) elements S_1…S_m. The shared vector is Y = (C, D, E, S_1, …, S_m).
// Each coordinate is f(0) of a polynomial f of its own, of degree below k, and the share with index i
// is f(i+1), coordinate by coordinate: 16(m+3) bytes. The secret tag is
//
//	o = D + C·E + sum over j=1..m of C^(j+1)·S_j
//
// and the tag of a message under the signing key (c, d) is
//
//	t = d + sum over j=1..s of c^(s-j+1)·M_j
//
// where M_1…M_s are the blocks of the query, those of the body, both padded with zeros to whole
// blocks of 16 bytes, and one block with both lengths.
//
// # Model
//
// The adversary has unbounded computing power, sees o and every message, may know the key itself from
// elsewhere, and controls fewer than k hubs: it knows their shares and sends others in their place.
// The pads, signing keys and random bytes are uniform, independent and used once.
//
// # Secrecy
//
// k-1 shares and o together say nothing about the key. For whatever Y is, k-1 values per coordinate
// take every combination with the same probability, since exactly one polynomial of degree below k
// goes through them and the coordinate of Y. And D, which occurs in o once and nowhere else, makes o
// uniform whatever C, E and the key are. With [FromPads] the same holds: the unknown pad is uniform, so
// f(0) is.
//
// # A wrong key
//
// The shares that an adversary alters shift what k of them reconstruct by a vector of its choice,
// because interpolation is linear: C becomes C+ΔC, and D, E and S likewise. It knows S at most, and of
// (C, D, E) nothing but o, so (C, E) is uniform to it. The shifted vector has the tag o exactly if
//
//	ΔD + C·ΔE + ΔC·E + ΔC·ΔE + sum of ((C+ΔC)^(j+1)·(S_j+ΔS_j) - C^(j+1)·S_j) = 0
//
// If ΔC is not 0, each C leaves one E that satisfies this: a chance of 1/2^128. If ΔC is 0, what is left
// is ΔD + C·ΔE + sum of C^(j+1)·ΔS_j = 0, a polynomial in C of degree at most m+1 that is not zero unless
// there is no shift. It has at most m+1 roots: a chance of at most (m+1)/2^128. Every set of k shares
// that is tried adds as much, since a failed one tells nothing but that it failed: [WrongKeyBound]. Only
// shares with the same o, L and k may be combined: then a made-up o finds fewer than k shares.
//
// The term C·E is what stops shifts of C. Without it, whoever knows a key of four or five blocks with
// S_2 and S_4 not 0, as nearly all are, can have a wrong key accepted with certainty.
//
// # A forged message
//
// The tag of one message leaves c uniform, since d is. Another message is accepted with whatever tag if c
// is a root of what the tags should differ by minus what they do, a polynomial in c. It is not zero:
// the blocks with the lengths differ, or else some other block in the same place does. Its degree is at
// most the number of blocks s of the longer message, so the chance is at most s/2^128 per attempt:
// [ForgeryBound]. Two messages under the same signing key can reveal c, and with it that bound is gone.
//
// # What is not claimed
//
// Whatever depends on a secret or a share takes the same time for all values: there are no tables,
// branches or early exits that depend on them, and the processor's multiplication of 64-bit numbers is
// taken to be constant time. Threshold, indices and lengths are public. Buffers with whole vectors are
// cleared after use; single field elements may stay in memory. Nothing is claimed against other side
// channels, against denial of service by liars or lost messages, or, where a key is drawn from a random
// generator ([Split]), about that generator: then the key is as good as it. k or more liars who conspire
// can make up any key they like. Fewer who conspire can choose lies that cancel out: the key is right
// then, but an honest hub can be the one that looks at odds.
package its

import "errors"

const (
	maxShares  = 254     // x = 1..254
	maxKeySize = 1 << 30 // bytes
)

// Errors of this package. They come wrapped with what was wrong; none of them holds a byte of a
// secret or a share.
var (
	ErrThreshold = errors.New("need 2 <= threshold <= number of shares <= 254")
	ErrSlaves    = errors.New("need 1 to 32 slaves")
	ErrKeySize   = errors.New("need a key of 1 to 2^30 bytes")
	ErrTooFew    = errors.New("fewer usable shares than the threshold")
	ErrShares    = errors.New("shares do not fit together")
	ErrTag       = errors.New("secret tag of the reconstructed key does not match")
)

// Share is one point of the polynomials: f(Index+1), coordinate by coordinate. A share is as
// confidential as the part of the secret it stands for: do not log it.
type Share struct {
	Index int    // the hub's number in its network, 0..253
	Value []byte // ShareSize bytes
}
