package its

const (
	// SigningKeySize is the number of bytes of a signing key: c, then d.
	SigningKeySize = 2 * ElementSize

	// TagSize is the number of bytes of a secret tag and of a message's tag.
	TagSize = ElementSize
)

// MAC returns the tag of a message: TagSize bytes that belong to the caller. The context is a text
// in any number of parts, and says what the body is part of:
//
//   - Of a request it is the method, a space and the path below the node's name, and if there is a
//     query a question mark and the query, byte for byte, like
//     "GET /dske/api/v1/key-share?client_name=connie".
//   - Of a response it is the status as three digits, a space and the value of the DSKE-Signature
//     header of the request that it answers. That names bytes which are used once, so the response
//     answers one request.
//
// A key authenticates only one message, ever: two tags under the same key can disclose it. Compare
// tags in constant time. MAC panics unless the key has SigningKeySize bytes.
func MAC(key []byte, context []string, body []byte) []byte {
	tag := mac(key, context, body)
	return tag[:]
}

// mac is MAC without memory for the tag, so that it can be on the stack of MAC's caller.
func mac(key []byte, context []string, body []byte) [TagSize]byte {
	if len(key) != SigningKeySize {
		panic("its: signing key is not 32 bytes long")
	}
	h := horner{c: newFactor(load(key))}
	size := h.absorbText(context)
	h.absorb(body)
	h.step(Element{uint64(size), uint64(len(body))})
	return h.value.Add(load(key[ElementSize:])).Bytes()
}

// horner evaluates a polynomial without constant term at c. The coefficients come with the highest
// first; the lowest is that of c.
type horner struct {
	c      factor
	value  Element
	powers [stride]Element // of c, from stride to 1
	raised bool            // there are powers
}

// stride is how many coefficients are added at once, where the processor has the instruction of
// [multiply]: their products do not wait for each other, and are reduced together.
const stride = 4

// absorb adds data as coefficients, the last one padded with zero bytes.
func (h *horner) absorb(data []byte) {
	for ; hasMultiply && len(data) >= stride*ElementSize; data = data[stride*ElementSize:] {
		h.steps([stride]Element{load(data), load(data[ElementSize:]), load(data[2*ElementSize:]), load(data[3*ElementSize:])})
	}
	for ; len(data) >= ElementSize; data = data[ElementSize:] {
		h.step(load(data))
	}
	if len(data) > 0 {
		var last [ElementSize]byte
		copy(last[:], data)
		h.step(load(last[:]))
	}
}

// absorbText is absorb for a text in parts, without a copy of the whole text. It returns the size
// of the text in bytes.
func (h *horner) absorbText(parts []string) (size int) {
	var blocks [8 * ElementSize]byte
	n := 0 // bytes of the text that are in blocks
	for _, part := range parts {
		size += len(part)
		for len(part) > 0 {
			if n == len(blocks) {
				h.absorb(blocks[:])
				n = 0
			}
			copied := copy(blocks[n:], part)
			n, part = n+copied, part[copied:]
		}
	}
	h.absorb(blocks[:n])
	return size
}

// absorbBackwards adds data, whole elements, as coefficients, the last one first.
func (h *horner) absorbBackwards(data []byte) {
	at := len(data) - ElementSize
	for ; hasMultiply && at >= (stride-1)*ElementSize; at -= stride * ElementSize {
		h.steps([stride]Element{load(data[at:]), load(data[at-ElementSize:]), load(data[at-2*ElementSize:]), load(data[at-3*ElementSize:])})
	}
	for ; at >= 0; at -= ElementSize {
		h.step(load(data[at:]))
	}
}

func (h *horner) step(coefficient Element) {
	h.value = h.c.mul(h.value.Add(coefficient))
}

// steps does stride steps. With v for the value, it computes (v+k_1)c^4 + k_2 c^3 + k_3 c^2 + k_4 c.
func (h *horner) steps(coefficients [stride]Element) {
	if !h.raised {
		h.raise()
	}
	coefficients[0] = coefficients[0].Add(h.value)
	var p product
	multiply(&p, &h.powers[0], &coefficients[0], stride)
	h.value = p.reduce()
}

// raise computes the powers of c.
func (h *horner) raise() {
	h.raised, h.powers[stride-1] = true, h.c.value
	for i := stride - 2; i >= 0; i-- {
		h.powers[i] = h.c.mul(h.powers[i+1])
	}
}
