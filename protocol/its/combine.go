package its

import (
	"bytes"
	"crypto/subtle"
	"fmt"
)

// Answer is what one slave gets from a hub: its part of a share, as [Pick] returns it, and the data
// in the clear that comes with it. A value is as confidential as the part of the secret that it
// stands for.
type Answer struct {
	Index     int    // the number of the hub that was asked, never one from the answer; 0..253
	KeySize   int    // size of the key, in bytes
	SecretTag []byte // TagSize bytes
	Value     []byte // ShareSize(KeySize, 1) bytes
	Suspect   bool   // a search tries it after the others, see [Search.AdmitSuspects]
}

// Combine reconstructs a key from the first threshold answers, in any order, and checks its secret
// tag. It ignores further answers, and whether answers are suspect. The key belongs to the caller;
// the answers are neither changed nor kept.
//
// The size of the key is the one that all these answers have. A secret tag covers only the number
// of blocks, and the bytes after the key in the last block need not be zero (see [FromPads]). So
// only the agreement of threshold answers tells 31 bytes from 32: at least one of them is honest,
// and its message was authenticated. For that the threshold must be the caller's own, never one
// from a message.
//
// Errors: ErrThreshold unless 2 <= threshold <= 254; ErrTooFew if there are fewer answers than the
// threshold; ErrKeySize unless the key has 1 to 2^30 bytes; ErrShares if an index repeats or is not
// in 0..253, if a value or a tag has another length, or if key sizes or tags differ; ErrTag if a
// share is wrong, was not split with this threshold, or belongs to another tag.
func Combine(threshold int, answers []Answer) ([]byte, error) {
	if err := checkThreshold(threshold); err != nil {
		return nil, err
	}
	if len(answers) < threshold {
		return nil, fmt.Errorf("%w: %d of %d", ErrTooFew, len(answers), threshold)
	}
	answers = answers[:threshold]
	if err := checkAgreement(answers); err != nil {
		return nil, err
	}
	vector := through(sharesIn(answers)).at(secretIndex)
	defer clear(vector)
	if !equal(tagsOf(vector, 1)[0], answers[0].SecretTag) {
		return nil, ErrTag
	}
	return keyOf(vector, answers[0].KeySize, 1), nil
}

func checkThreshold(threshold int) error {
	if threshold < 2 || threshold > maxShares {
		return fmt.Errorf("%w, not a threshold of %d", ErrThreshold, threshold)
	}
	return nil
}

// checkAgreement returns an error unless one polynomial per coordinate goes through all the
// answers, which are of the same key.
func checkAgreement(answers []Answer) error {
	var indices []int
	for _, a := range answers {
		if err := a.check(); err != nil {
			return err
		}
		if !a.agrees(answers[0]) {
			return fmt.Errorf("%w: indices %d and %d differ in key size or secret tag", ErrShares, answers[0].Index, a.Index)
		}
		indices = append(indices, a.Index)
	}
	return checkIndices(indices)
}

// check returns an error if an answer cannot be valid for any key. It does not check the index.
func (a Answer) check() error {
	size := ShareSize(a.KeySize, 1)
	switch {
	case size == 0:
		return fmt.Errorf("%w, not %d", ErrKeySize, a.KeySize)
	case len(a.Value) != size || len(a.SecretTag) != TagSize:
		return fmt.Errorf("%w: index %d has %d bytes and a tag of %d, not %d and %d",
			ErrShares, a.Index, len(a.Value), len(a.SecretTag), size, TagSize)
	}
	return nil
}

// agrees reports whether two answers may be of the same key, by their data in the clear.
func (a Answer) agrees(b Answer) bool {
	return a.KeySize == b.KeySize && bytes.Equal(a.SecretTag, b.SecretTag)
}

// sharesIn returns the answers as shares for one slave. The values are not copied.
func sharesIn(answers []Answer) []Share {
	shares := make([]Share, len(answers))
	for i, a := range answers {
		shares[i] = Share{a.Index, a.Value}
	}
	return shares
}

// equal compares values in constant time, unless their lengths differ.
func equal(a, b []byte) bool { return subtle.ConstantTimeCompare(a, b) == 1 }
