package protocol

import "fmt"

// Forge signs a response of exactly these bytes anew, as its sender would: with the key that the
// old signature names, whose bytes must be in the pool of the peer's keys. It returns the new
// [SignatureHeader] and spends nothing. It is for experiments with an attacker who has learnt what
// the sender knows; nothing else may call it. It fails with the errors of parsing a signature and
// of [psrd.Pool.Copy].
func (c *Channel) Forge(old string, r Response) (string, error) {
	s, err := parseSignature(old, new(room))
	if err != nil {
		return "", err
	}
	key, err := c.PeerKeys.Copy(s.fragments)
	if err != nil {
		return "", fmt.Errorf("forging a signature: %w", err)
	}
	defer clear(key)
	tag := c.suite.ComputeTag(key, c.suite.ResponseContext(r), r.Body)
	return signature{s.fragments, tag[:c.suite.TagSize()]}.String(), nil
}
