package protocol

import "dske/psrd"

// ParseSignature exports parseSignature to tests. text is the result written again.
func ParseSignature(header string) (fragments []psrd.Fragment, text string, err error) {
	s, err := parseSignature(header)
	return s.fragments, s.String(), err
}
