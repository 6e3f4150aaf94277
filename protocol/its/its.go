// Package its is the mathematics of the information-theoretic suite: secret sharing with a secret
// tag, and message authentication, whose security rests on no assumption about computing power.
//
// Use [Split] to share a key among hubs for one slave or several, or [FromPads] to take key and
// shares from pre-shared random data; [Pick] for what a hub or a slave gets of a share; [Combine]
// if all answers are to be trusted to be what was split, and a [Search] if some of them may be
// lies; [MAC] to authenticate a message. [WrongKeyBound], [ForgeryBound] and [AttemptsBound] say
// how likely a failure is at most. Package shamir does the same work for the suite that relies on
// SHA-256.
//
// The contract, its.md beside this file, says how nodes have to use it. The design follows the
// published one of Distributed Symmetric Key Establishment (arXiv 2205.00615, 2304.13789,
// 2407.20969) in shape. The wire format and the proofs below are this project's own; nobody else
// has reviewed them.
//
// # Formulas
//
// All arithmetic is that of the field F with 2^128 elements, see [Element]. A key of L bytes is
// padded with zero bytes to m = ceil(L/16) elements S_1…S_m. Slave j has C_j, D_j and E_j of its
// own, and the shared vector for r slaves is (C_1, D_1, E_1, …, C_r, D_r, E_r, S_1, …, S_m). Each
// coordinate is f(0) of a polynomial f of its own, of degree below k, and the share of the hub with
// number i is f(i+1), coordinate by coordinate: 16(m+3r) bytes. A slave is concerned with its own
// triple only, so from here on there is one slave, and Y = (C, D, E, S_1, …, S_m). Its secret tag
// is
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
// it knows their pads and shares and sends others in their place. What the proofs need of the nodes
// is this:
//
//   - Pads, signing keys and random bytes are uniform and independent. A byte is a pad or part of a
//     signing key for all its life, and used once: what is known of pads says nothing of a signing key.
//   - A signing key is one slot of 32 bytes that is named as a whole and in order.
//   - The context binds a message: a request to its method, path and query, a response to its status
//     and to one request.
//   - k and the numbers of the hubs are the network's, never taken from a message. An answer counts at
//     the place of the hub that was asked, and each hub answers once for a key.
//
// # A forged message
//
// Let P(c) be the sum in the tag. It has no constant term, and the block with the lengths is the
// coefficient of c. Two different messages have different P: either their lengths differ, and with
// them that coefficient; or they have equally many blocks and are cut and padded alike, so that
// messages that differ differ in some block. An honest owner signs one message with a key, which
// may be anybody's choice, but is chosen before anything that depends on the key is seen. Its tag
// is t = d + P(c), and since d is uniform and occurs nowhere else, t says nothing about c, nor do
// other keys and pads, or messages that contain t. A message P' that is not the signed one is
// accepted with the tag t' if
//
//	P'(c) - P(c) - (t'-t) = 0
//
// which is a polynomial in c, not zero, since P' - P is not and has no constant term to cancel the
// rest. Its degree is at most the number of blocks s of the longer message, so at most s of 2^128
// values of c fit. If the owner has not used the key, d is uniform to the adversary, and one value
// of it fits. Many attempts add up, however each depends on what came before: as long as all fail,
// the adversary sees nothing but what it would see in any case, so its attempts are those of a
// fixed list, and the chance that one of these passes is at most the sum of their chances:
// [ForgeryBound], [AttemptsBound].
//
// Once is essential: two tags under one key are an equation for c. Whole slots are: with (d, c) for
// (c, d), after the tag of a message of two blocks, there are messages that all keys let pass,
// where the bound says two of them. The tests show both.
//
// # Secrecy
//
// k-1 shares and o together say nothing about the key. For whatever Y is, k-1 values per coordinate
// take every combination with the same probability, since exactly one polynomial of degree below k
// goes through them and the coordinate of Y. And D, which occurs in o once and nowhere else, makes
// o uniform whatever C, E and the key are; of several slaves, each has its own D. With [FromPads]
// the same holds: k pads of which one at least is uniform to the adversary, whatever it has made of
// the others, make Y uniform, and the shares are distributed as if Y had been drawn and split. A
// ciphertext is a share under a pad of its own, or zeros, and adds nothing.
//
// # A wrong key
//
// A set that is tried has k answers of k hubs, each at its hub's place, that agree in L and o. One
// at least is honest, and what it says is what the master sent, so L and o are the master's: that
// is all that protects L, which o does not cover. Interpolation at 0 is linear, with weights that
// depend on places only. So what the lies do is to add a vector to Y, the sum of each lie's
// difference from the true share times a weight: C becomes C+ΔC, and D, E and S likewise. Suppose
// that the adversary knows the true shares of all its hubs, k-1 of them at most (also those that
// never arrived), o, S and whatever belongs to other slaves. Then it knows that vector, and of (C,
// D, E) nothing but o, so (C, E) is uniform to it and D follows. The set has the tag o exactly if
//
//	ΔD + C·ΔE + ΔC·E + ΔC·ΔE + sum of ((C+ΔC)^(j+1)·(S_j+ΔS_j) - C^(j+1)·S_j) = 0
//
// If ΔC is not 0, each C leaves one E that satisfies this: a chance of 1/2^128. If ΔC is 0, what is
// left is ΔD + C·ΔE + sum of C^(j+1)·ΔS_j = 0, a polynomial in C of degree at most m+1 that is not
// zero unless there is no shift. It has at most m+1 roots: a chance of at most (m+1)/2^128. Each
// hub's lie is one, for all sets, and as long as sets fail the adversary sees only that, so if it
// chooses lies late, that makes no difference: each set adds as much. N sets that are tested give
// N(m+1)/2^128, and there are C(n,k) of them at most: [WrongKeyBound]. Which sets a search tests,
// and when, does not matter; that it compares a random combination of coordinates first only leaves
// sets out. To this comes the chance of forged answers.
//
// The bound is met: in small fields some shifts pass with exactly that chance. The premises are
// needed. Two answers of one hub make a set with any key and any tag if k is 2. An answer at a
// place of the liar's choice does not add a vector to Y but makes it αY+β: harmless where α is not
// 0 (at most 2q-1 of q² pairs of C and E pass in a field of q elements), but from k = 3 on α can be
// 0, and then the liar chooses the key. In this very field, the hubs 0 and 1 do that to the honest
// hubs 3 and 6 if one of them may answer in the place of hub 2. And if slaves had C and E in
// common, one that has its key would know them, and one lying hub could give another slave any key.
//
// The term C·E is what stops shifts of C. Without it, whoever knows a key of four or five blocks
// with S_2 and S_4 not 0, as nearly all are, can have a wrong key accepted with certainty.
//
// # What is not claimed
//
// Whatever depends on a secret or a share takes the same time for all values: there are no tables,
// branches or early exits that depend on them, but for what is public in the end, whether a set of
// shares passes or fits. The processor's multiplication of 64-bit numbers is taken to be constant
// time. Threshold, indices and lengths are public. Buffers with whole vectors are cleared after
// use; single field elements may stay in memory. Nothing is claimed against other side channels,
// against the adversary who holds up messages, or, where a key is drawn from a random generator
// ([Split]), about that generator: then the key is as good as it. k or more liars who conspire can
// make up any key they like. Fewer can say that they took a share and not keep it, so k
// acknowledgements are no promise that a key can be fetched; and they can choose lies that cancel
// out: the key is right then, but an honest hub can be the one that looks at odds.
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
