package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"strings"
)

// isRight reports whether a response is signed as its suite requires, with bytes of its hub's.
func (a *Auditor) isRight(request, response Message) bool {
	var secret []byte
	for _, f := range signingKey(nil, response.Signature) {
		b := a.blocks[f.Block]
		if b == nil || b.owner() != response.From || b.Purpose == pad || f.Start < 0 || f.Size < 0 || f.Start > len(b.Data)-f.Size {
			return false
		}
		secret = append(secret, b.Data[f.Start:f.Start+f.Size]...)
	}
	_, text, _ := strings.Cut(response.Signature, "%")
	tag, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(secret) != 32 {
		return false
	}
	if a.suite == "its" {
		context := fmt.Appendf(nil, "%d %s", response.Status, request.Signature)
		return string(tag) == string(tagITS(secret, context, response.Body))
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write(response.Body)
	return response.Status == statusOK && string(tag) == string(mac.Sum(nil))
}

// tagITS is the tag of protocol/its/its.md: d + c·M_s + c²·M_(s-1) + …
func tagITS(secret, context, body []byte) []byte {
	byC, d := load(secret).multiples(), load(secret[16:])
	var sum element
	for _, part := range [][]byte{context, body} {
		for len(part) > 0 {
			var one [16]byte
			part = part[copy(one[:], part):]
			sum = byC.times(sum.plus(load(one[:])))
		}
	}
	sum = byC.times(sum.plus(element{uint64(len(context)), uint64(len(body))})).plus(d)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, sum.high), sum.low)
}

// element is an element of GF(2^128), with the polynomial x^128+x^7+x^2+x+1.
type element struct{ high, low uint64 }

func load(b []byte) element {
	return element{binary.BigEndian.Uint64(b), binary.BigEndian.Uint64(b[8:])}
}

func (a element) plus(b element) element { return element{a.high ^ b.high, a.low ^ b.low} }

// timesX is a·x^n, for n up to 4.
func (a element) timesX(n int) element {
	carry := a.high >> (64 - n)
	return element{a.high<<n | a.low>>(64-n), a.low<<n ^ carry ^ carry<<1 ^ carry<<2 ^ carry<<7}
}

// multiples has the products of an element with all 4-bit polynomials. Looking them up leaks
// timing, which does not matter here.
type multiples [16]element

func (a element) multiples() *multiples {
	var m multiples
	m[1] = a
	for i := 2; i < len(m); i++ {
		m[i] = m[i/2].timesX(1).plus(m[i%2])
	}
	return &m
}

// times multiplies b, four bits at a time.
func (m *multiples) times(b element) element {
	var product element
	for _, word := range []uint64{b.high, b.low} {
		for shift := 60; shift >= 0; shift -= 4 {
			product = product.timesX(4).plus(m[word>>shift&15])
		}
	}
	return product
}
