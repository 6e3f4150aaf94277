package protocol

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"dske/psrd"
)

const (
	// SignatureHeader is the HTTP header that carries the signature of an in-band message.
	SignatureHeader = "DSKE-Signature"

	// SigningKeySize is the number of PSRD bytes that signing one message spends.
	SigningKeySize = 32
)

// signature is a parsed [SignatureHeader]: BLOCK_UUID:START:SIZE[,…]%BASE64(tag).
type signature struct {
	fragments []psrd.Fragment // of the signing key
	tag       []byte
}

func (s signature) String() string {
	names := make([]string, len(s.fragments))
	for i, f := range s.fragments {
		names[i] = f.String()
	}
	return strings.Join(names, ",") + "%" + base64.StdEncoding.EncodeToString(s.tag)
}

// parseSignature accepts the one form in which a signature can be written. A signature does not
// cover itself, so were there a second spelling of the same one, a changed header would pass.
func parseSignature(header string) (signature, error) {
	fragments, tag, found := strings.Cut(header, "%")
	if !found {
		return signature{}, fmt.Errorf("%w: no %% in %s", ErrMalformed, SignatureHeader)
	}
	var s signature
	size := 0
	for name := range strings.SplitSeq(fragments, ",") {
		f, err := parseFragment(name)
		if err != nil {
			return signature{}, err
		}
		if f.Start < 0 || f.Size <= 0 || f.Size > SigningKeySize-size {
			return signature{}, &psrd.FragmentError{Fragment: f, Err: psrd.ErrOutOfRange}
		}
		size += f.Size
		s.fragments = append(s.fragments, f)
	}
	if size != SigningKeySize {
		return signature{}, fmt.Errorf("%w: signing key of %d bytes in %s", ErrMalformed, size, SignatureHeader)
	}
	var err error
	if s.tag, err = base64.StdEncoding.DecodeString(tag); err != nil || s.String() != header {
		return signature{}, fmt.Errorf("%w: %s is not in canonical form", ErrMalformed, SignatureHeader)
	}
	return s, nil
}

func parseFragment(name string) (psrd.Fragment, error) {
	parts := strings.Split(name, ":")
	if len(parts) != 3 {
		return psrd.Fragment{}, fmt.Errorf("%w: fragment in %s is not UUID:START:SIZE", ErrMalformed, SignatureHeader)
	}
	block, errBlock := uuid.Parse(parts[0])
	start, errStart := strconv.Atoi(parts[1])
	size, errSize := strconv.Atoi(parts[2])
	if errBlock != nil || errStart != nil || errSize != nil {
		return psrd.Fragment{}, fmt.Errorf("%w: fragment in %s is not UUID:START:SIZE", ErrMalformed, SignatureHeader)
	}
	return psrd.Fragment{Block: block, Start: start, Size: size}, nil
}
