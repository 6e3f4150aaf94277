// Package its is the cryptography of the information-theoretic suite: secret sharing with a secret
// tag, and message authentication. Its security rests on no assumption about computing power.
//
// Use [Split] to share a key among hubs for one slave or several, or [FromPads] to make the key and
// the shares from pre-shared random data; [Pick] for the part of a share that a hub or a slave
// gets; [Combine] if all answers can be trusted, and a [Search] if some of them may be lies; [MAC]
// to authenticate a message. [WrongKeyBound], [ForgeryBound] and [AttemptsBound] bound the
// probability of failures. Package shamir does the same work for the suite that relies on SHA-256.
//
// The contract, its.md beside this file, says how nodes must use it. The structure follows the
// published design of Distributed Symmetric Key Establishment (arXiv 2205.00615, 2304.13789,
// 2407.20969). The wire format and the proofs below are this project's own; nobody else has
// reviewed them.
//
// # Formulas
//
// All arithmetic is in the field F with 2^128 elements, see [Element]. A key of L bytes is padded
// with zero bytes to m = ceil(L/16) elements S_1…S_m. Slave j has its own C_j, D_j and E_j, and the
// shared vector for r slaves is (C_1, D_1, E_1, …, C_r, D_r, E_r, S_1, …, S_m). Each coordinate is
// f(0) of its own polynomial f, of degree below k, and the share of the hub with number i is
// f(i+1), coordinate by coordinate: 16(m+3r) bytes. Each slave uses only its own triple, so from
// here on there is one slave, and Y = (C, D, E, S_1, …, S_m). Its secret tag is
//
//	o = D + C·E + sum over j=1..m of C^(j+1)·S_j
//
// and the tag of a message under the signing key (c, d) is
//
//	t = d + sum over j=1..s of c^(s-j+1)·M_j
//
// where M_1…M_s are the blocks of the context, those of the body, both padded with zeros to whole
// blocks of 16 bytes, and one block with both lengths.
//
// # Model
//
// The adversary has unbounded computing power, owns the network between the nodes, sees o and every
// message, may be a client, may know the key itself from elsewhere, and controls fewer than k hubs:
// it knows their pads and shares and can replace them. The proofs need the following of the nodes:
//
//   - Pads, signing keys and random bytes are uniform and independent. A byte is permanently for
//     pads or for signing keys, and used once: knowledge of pads gives none of a signing key.
//   - A signing key is one slot of 32 bytes that is named as a whole and in order.
//   - The context binds a message: a request to its method, path and query, a response to its
//     status and to one request.
//   - k and the numbers of the hubs come from the network, never from a message. An answer counts
//     at the place of the hub that was asked, and each hub answers once for a key.
//
// # A forged message
//
// Let P(c) be the sum in the tag. It has no constant term, and the block with the lengths is the
// coefficient of c. Two different messages have different P: if their lengths differ, so does that
// coefficient; otherwise they have equally many blocks and are cut and padded alike, so that they
// differ in some block. An honest owner signs one message with a key. The message may be anybody's
// choice, but it is chosen before anything that depends on the key is seen. Its tag is t = d +
// P(c), and since d is uniform and occurs nowhere else, t says nothing about c, nor do other keys
// and pads, or messages that contain t. A message P' that is not the signed one is accepted with
// the tag t' if
//
//	P'(c) - P(c) - (t'-t) = 0
//
// which is a polynomial in c. It is not zero, since P' - P is not zero and has no constant term
// that could cancel the rest. Its degree is at most the number of blocks s of the longer message,
// so at most s of 2^128 values of c fit. If the owner has not used the key, d is uniform to the
// adversary, and one value of it fits. The probabilities of many attempts add up, however each
// attempt depends on earlier events: as long as all fail, the adversary sees nothing but what it
// would see in any case. So its attempts are those of a fixed list, and the probability that one of
// these passes is at most the sum of theirs: [ForgeryBound], [AttemptsBound].
//
// It is essential that a key is used once: two tags under one key give an equation for c. It is
// essential that slots are whole: with (d, c) in place of (c, d), after the tag of a message of two
// blocks, there are messages that pass with all keys, where the bound allows two. The tests show
// both.
//
// # Secrecy
//
// k-1 shares and o together say nothing about the key. Whatever Y is, k-1 values per coordinate
// take every combination with the same probability, since exactly one polynomial of degree below k
// goes through them and the coordinate of Y. D occurs in o once and nowhere else, so it makes o
// uniform whatever C, E and the key are; each slave has its own D. With [FromPads] the same holds:
// k pads, of which at least one is uniform to the adversary, however it has chosen the others, make
// Y uniform, and the shares are distributed as if Y had been drawn and split. A ciphertext is a
// share under its own pad, or zeros, and adds nothing.
//
// # A wrong key
//
// A set that is tried has k answers of k hubs, each at the place of its hub, that agree in L and o.
// At least one is honest and says what the master sent, so L and o are the master's. That is all
// that protects L, which o does not cover. Interpolation at 0 is linear, with weights that depend
// only on places. So the effect of the lies is to add a vector to Y, the sum of each lie's
// difference from the true share times a weight: C becomes C+ΔC, and D, E and S likewise. Suppose
// that the adversary knows the true shares of all its hubs, at most k-1 of them (even those that
// never arrived), o, S and whatever belongs to other slaves. Then it knows that vector, and of (C,
// D, E) only o, so (C, E) is uniform to it and D follows. The set has the tag o exactly if
//
//	ΔD + C·ΔE + ΔC·E + ΔC·ΔE + sum of ((C+ΔC)^(j+1)·(S_j+ΔS_j) - C^(j+1)·S_j) = 0
//
// If ΔC is not 0, for each C exactly one E satisfies this: a probability of 1/2^128. If ΔC is 0, ΔD
// + C·ΔE + sum of C^(j+1)·ΔS_j = 0 remains, a polynomial in C of degree at most m+1 that is not
// zero unless there is no shift. It has at most m+1 roots: a probability of at most (m+1)/2^128.
// The lie of each hub is the same for all sets, and as long as sets fail the adversary sees only
// that. So it makes no difference if it chooses lies late: each set adds the same. N sets that are
// tested give N(m+1)/2^128, and there are at most C(n,k) of them: [WrongKeyBound]. It does not
// matter which sets a search tests, and when; comparing a random combination of coordinates first
// only leaves sets out. The probability of forged answers is added to this.
//
// The bound is tight: in small fields some shifts pass with exactly that probability. The premises
// are needed. Two answers of one hub make a set with any key and any tag if k is 2. An answer at a
// place of the liar's choice does not add a vector to Y but makes it αY+β. That is harmless where α
// is not 0 (at most 2q-1 of q² pairs of C and E pass in a field of q elements), but from k = 3 on α
// can be 0, and then the liar chooses the key. In this very field, hubs 0 and 1 can do that to the
// honest hubs 3 and 6 if one of them may answer in the place of hub 2. And if slaves had C and E in
// common, a slave that has its key would know them, and one lying hub could give another slave any
// key.
//
// The term C·E prevents shifts of C. Without it, anybody who knows a key of four or five blocks
// with S_2 and S_4 not 0, as in nearly all keys, can have a wrong key accepted with certainty.
//
// # What is not claimed
//
// Operations on a secret or a share take the same time for all values: no tables, branches or early
// exits depend on them, except for what becomes public anyway, namely whether a set of shares
// passes or fits. The processor's multiplication of 64-bit numbers is assumed to take constant
// time. The threshold, indices and lengths are public. Buffers with whole vectors are cleared after
// use; single field elements may stay in memory. Nothing is claimed against other side channels,
// against an adversary who holds up messages, or, where a key is drawn from a random generator
// ([Split]), about that generator: the key is only as good as the generator. k or more liars who
// conspire can make up any key. Fewer can claim that they took a share and not keep it, so k
// acknowledgements do not guarantee that a key can be fetched. They can also choose lies that
// cancel out: then the key is right, but an honest hub can look at odds.
package its

import "errors"

const (
	maxShares  = 254     // x = 1..254
	maxKeySize = 1 << 30 // bytes
)

// Errors of this package. They are returned wrapped, with the offending values. None of them
// contains a byte of a secret or a share.
var (
	ErrThreshold = errors.New("need 2 <= threshold <= number of shares <= 254")
	ErrSlaves    = errors.New("need 1 to 32 slaves")
	ErrKeySize   = errors.New("need a key of 1 to 2^30 bytes")
	ErrTooFew    = errors.New("fewer usable shares than the threshold")
	ErrShares    = errors.New("shares do not fit together")
	ErrTag       = errors.New("secret tag of the reconstructed key does not match")
)

// Share is one point of the polynomials: f(Index+1), coordinate by coordinate. A share is as
// confidential as the part of the secret that it stands for: do not log it.
type Share struct {
	Index int    // the hub's number in its network, 0..253
	Value []byte // ShareSize bytes
}
