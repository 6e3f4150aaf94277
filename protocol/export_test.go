package protocol

import "dske/psrd"

// ParseSignature exports parseSignature to tests. text is the result written again.
func ParseSignature(header string) (fragments []psrd.Fragment, text string, err error) {
	s, err := parseSignature(header, new(room))
	return s.fragments, s.String(), err
}

// ReadCanonical returns what a body is in canonical form, and nil for what it is not.
func ReadCanonical(body []byte) (post *PostShare, reply *ShareReply, block *BlockData) {
	post, reply, block = new(PostShare), new(ShareReply), new(BlockData)
	if !post.read(body) {
		post = nil
	}
	if !reply.read(body) {
		reply = nil
	}
	if !block.read(body) {
		block = nil
	}
	return post, reply, block
}
