package protocol

import "dske/psrd"

// ParseSignature opens parseSignature to the tests. Text is what the result reads when written
// again.
func ParseSignature(header string) (fragments []psrd.Fragment, text string, err error) {
	s, err := parseSignature(header)
	return s.fragments, s.String(), err
}
