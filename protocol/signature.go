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
	// SignatureHeader is DSKE-Signature, the HTTP header that carries the signature of an in-band
	// message, in the canonical form of package http.
	SignatureHeader = "Dske-Signature"

	// SigningKeySize is the number of PSRD bytes that signing one message spends.
	SigningKeySize = 32

	// signatureRoom is the size in bytes that most signatures fit into: those with up to two
	// fragments.
	signatureRoom = 160
)

// signature is a parsed [SignatureHeader]: BLOCK_UUID:START:SIZE[,…]%BASE64(tag).
type signature struct {
	fragments []psrd.Fragment // of the signing key
	tag       []byte
}

func (s signature) String() string { return string(s.append(make([]byte, 0, signatureRoom))) }

// append appends the result of String.
func (s signature) append(text []byte) []byte {
	for i, f := range s.fragments {
		if i > 0 {
			text = append(text, ',')
		}
		text = f.Append(text)
	}
	return base64.StdEncoding.AppendEncode(append(text, '%'), s.tag)
}

// room is memory for what most signatures consist of. It may be on the stack.
type room struct {
	fragments [2]psrd.Fragment
	tag       [36]byte // as many as decoding a tag of [MaxTagSize] bytes may need
}

// parseHeaders reads the values of the [SignatureHeader] of a message, of which there must be
// exactly one. The result uses the memory of room.
func parseHeaders(values []string, room *room) (signature, error) {
	switch len(values) {
	case 0:
		return signature{}, ErrSignature
	case 1:
		return parseSignature(values[0], room)
	default:
		return signature{}, fmt.Errorf("%w: more than one %s", ErrMalformed, SignatureHeader)
	}
}

// parseSignature accepts only the canonical form of a signature. A signature does not cover itself,
// so with a second spelling of the same signature a changed header would pass.
func parseSignature(header string, room *room) (signature, error) {
	names, tag, found := strings.Cut(header, "%")
	if !found {
		return signature{}, fmt.Errorf("%w: no %% in %s", ErrMalformed, SignatureHeader)
	}
	s := signature{fragments: room.fragments[:0]}
	size := 0
	for more := true; more; {
		var name string
		name, names, more = strings.Cut(names, ",")
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
	if s.tag, err = base64.StdEncoding.AppendDecode(room.tag[:0], []byte(tag)); err != nil || string(s.append(make([]byte, 0, signatureRoom))) != header {
		return signature{}, fmt.Errorf("%w: %s is not in canonical form", ErrMalformed, SignatureHeader)
	}
	return s, nil
}

func parseFragment(name string) (psrd.Fragment, error) {
	first, rest, _ := strings.Cut(name, ":")
	second, third, _ := strings.Cut(rest, ":")
	block, errBlock := uuid.Parse(first)
	start, errStart := strconv.Atoi(second)
	size, errSize := strconv.Atoi(third)
	if errBlock != nil || errStart != nil || errSize != nil {
		return psrd.Fragment{}, fmt.Errorf("%w: fragment in %s is not UUID:START:SIZE", ErrMalformed, SignatureHeader)
	}
	return psrd.Fragment{Block: block, Start: start, Size: size}, nil
}
