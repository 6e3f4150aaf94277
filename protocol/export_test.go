package protocol

import "dske/psrd"

// ParseSignature exports parseSignature to tests. text is the result written again.
func ParseSignature(header string) (fragments []psrd.Fragment, text string, err error) {
	s, err := parseSignature(header, new(room))
	return s.fragments, s.String(), err
}

// ReadCanonical reports whether a body is the canonical form of the message, and then reads it.
func ReadCanonical(body []byte, message interface{ read([]byte) bool }) bool {
	return message.read(body)
}
