package protocol_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

// Somebody who knows no PSRD forges a signature, with the key that a careless receiver would get
// from the fragments. Blocks 0 and 1 have 100 and 32 bytes.
func TestForgedKeys(t *testing.T) {
	var (
		b0, b1 = id(0).String(), id(1).String()
		bytes0 = content(0, 100)
		key    = bytes0[:32]
		single = make([]string, 33) // 33 fragments of one byte each
		same   = strings.TrimSuffix(strings.Repeat(b0+":5:1,", 32), ",")
	)
	for i := range single {
		single[i] = fmt.Sprintf("%s:%d:1", b0, i)
	}
	tests := []struct {
		name, fragments string
		key             []byte
		want            error
	}{
		{"no fragment", "", nil, protocol.ErrMalformed},
		{"a fragment of 0 bytes", b0 + ":0:0", nil, psrd.ErrOutOfRange},
		{"32 fragments of 0 bytes", strings.TrimSuffix(strings.Repeat(b0+":0:0,", 32), ","), nil, psrd.ErrOutOfRange},
		{"0 bytes of an unknown block", id(9).String() + ":0:0", nil, psrd.ErrOutOfRange},
		{"0 bytes past the end", b0 + ":100:0", nil, psrd.ErrOutOfRange},
		{"0 bytes after a key", b0 + ":0:32," + b0 + ":50:0", key, psrd.ErrOutOfRange},
		{"0 bytes before a key", b0 + ":50:0," + b0 + ":0:32", key, psrd.ErrOutOfRange},
		{"a negative size", b0 + ":50:-32", nil, psrd.ErrOutOfRange},
		{"sizes of 40 and -8", b0 + ":0:40," + b0 + ":50:-8", bytes0[:40], psrd.ErrOutOfRange},
		{"sizes of -8 and 40", b0 + ":50:-8," + b0 + ":0:40", bytes0[:40], psrd.ErrOutOfRange},
		{"sizes of 20, -8 and 20", b0 + ":0:20," + b0 + ":50:-8," + b0 + ":20:20", bytes0[:40], psrd.ErrOutOfRange},
		{"a negative start", b0 + ":-1:32", nil, psrd.ErrOutOfRange},
		{"a negative start in an unknown block", id(9).String() + ":-1:32", nil, psrd.ErrOutOfRange},
		{"31 bytes", b0 + ":0:31", bytes0[:31], protocol.ErrMalformed},
		{"33 bytes", b0 + ":0:33", bytes0[:33], psrd.ErrOutOfRange},
		{"16 and 17 bytes", b0 + ":0:16," + b0 + ":16:17", bytes0[:33], psrd.ErrOutOfRange},
		{"33 fragments", strings.Join(single, ","), bytes0[:33], psrd.ErrOutOfRange},
		{"a whole block", b0 + ":0:100", bytes0, psrd.ErrOutOfRange},
		{"both blocks", b0 + ":0:100," + b1 + ":0:32", append(content(0, 100), content(1, 32)...), psrd.ErrOutOfRange},
		{"one byte 32 times", same, []byte(strings.Repeat(string(bytes0[5:6]), 32)), psrd.ErrOverlap},
		{"overlapping halves", b0 + ":0:16," + b0 + ":15:16", append(content(0, 16), bytes0[15:31]...), psrd.ErrOverlap},
		{"past the end", b0 + ":69:32", bytes0[69:], psrd.ErrOutOfRange},
		{"an unknown block", id(9).String() + ":0:32", nil, psrd.ErrUnknownBlock},
		{"partly an unknown block", b0 + ":0:31," + id(9).String() + ":0:1", nil, psrd.ErrUnknownBlock},
		{"the receiver's own block", id(100).String() + ":0:32", content(100, 32), psrd.ErrUnknownBlock},
		{"the largest start", b0 + ":9223372036854775807:32", nil, psrd.ErrOutOfRange},
		{"a start beyond all", b0 + ":9223372036854775808:32", nil, protocol.ErrMalformed},
		{"a start of 2^64", b0 + ":18446744073709551616:32", key, protocol.ErrMalformed},
		{"the largest size", b0 + ":0:9223372036854775807", nil, psrd.ErrOutOfRange},
		{"the smallest size", b0 + ":0:-9223372036854775808", nil, psrd.ErrOutOfRange},
		{"a size of 2^64+32", b0 + ":0:18446744073709551648", key, protocol.ErrMalformed},
		{"sizes that overflow to 32", b0 + ":0:9223372036854775807," + b0 + ":0:9223372036854775807," + b0 + ":0:34", nil, psrd.ErrOutOfRange},
		{"a key of zeros", b0 + ":0:32", make([]byte, 32), protocol.ErrSignature},
		{"a key of 0 bytes", b0 + ":0:32", nil, protocol.ErrSignature},
		{"the next key", b0 + ":0:32", bytes0[32:64], protocol.ErrSignature},
		{"a whole block of just the size", b1 + ":0:32", nil, protocol.ErrSignature},
	}
	sender, receiver := connect(t, 100, 32)
	m := post(t, sender, []byte("share"))
	peer, own := statusOf(t, receiver.Peer), statusOf(t, receiver.Own)
	for _, test := range tests {
		for _, tag := range []string{"", "AAAA", base64.StdEncoding.EncodeToString(make([]byte, 32))} {
			forged := message{test.fragments + "%" + tag, m.query, m.body, m.sealed}
			if in, err := receive(receiver, forged); in != nil || !errors.Is(err, test.want) {
				t.Errorf("%s with the tag %q gave %v and %v, want %v", test.name, tag, in, err, test.want)
			}
			unchanged(t, receiver.Peer, peer)
		}
		forged := message{signedBy(test.fragments, test.key, m.query, m.body), m.query, m.body, m.sealed}
		if in, err := receive(receiver, forged); in != nil || !errors.Is(err, test.want) {
			t.Errorf("%s gave %v and %v, want %v", test.name, in, err, test.want)
		}
		unchanged(t, receiver.Peer, peer)
		unchanged(t, receiver.Own, own)
	}
	stillGood(t, receiver, m, []byte("share"))
}

// A tag of the wrong length is wrong, even if all its bytes are correct.
func TestTagLength(t *testing.T) {
	sender, receiver := connect(t, 100)
	m := post(t, sender, []byte("share"))
	fragments, text, _ := strings.Cut(m.header, "%")
	tag, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(tag) != 32 {
		t.Fatalf("tag is % x, error %v", tag, err)
	}
	before := statusOf(t, receiver.Peer)
	for _, other := range [][]byte{{}, tag[:1], tag[:16], tag[:31], append(tag, 0), append(tag, tag...)} {
		want := protocol.ErrSignature
		if len(other) == 16 {
			want = protocol.ErrSuite // the other suite's tags are that long
		}
		header := fragments + "%" + base64.StdEncoding.EncodeToString(other)
		if in, err := receiver.VerifyRequest([]string{header}, requestOf(m.query, m.body)); in != nil || !errors.Is(err, want) {
			t.Errorf("a tag of %d bytes gave %v and %v, want %v", len(other), in, err, want)
		}
		unchanged(t, receiver.Peer, before)
	}
	stillGood(t, receiver, m, []byte("share"))
}

// A valid signature in any other spelling is refused, since a signature does not cover itself.
func TestOtherSpellings(t *testing.T) {
	// The genuine one reads ab000000-0000-0000-0000-000000000000:0:7,ab…01:0:25%….
	replace := func(before, after string) func(string) string {
		return func(header string) string { return strings.Replace(header, before, after, 1) }
	}
	spellings := map[string]func(string) string{
		"plus sign":           replace(":7,", ":+7,"),
		"plus zero":           replace(":0:7", ":+0:7"),
		"minus zero":          replace(":0:7", ":-0:7"),
		"leading zeros":       replace(":7,", ":007,"),
		"leading zeros first": replace(":0:7", ":000:7"),
		"hexadecimal":         replace(":7,", ":0x7,"),
		"underscore":          replace(":25%", ":2_5%"),
		"fraction":            replace(":7,", ":7.0,"),
		"exponent":            replace(":7,", ":7e0,"),
		"Arabic digit":        replace(":7,", ":٧,"),
		"space before number": replace(":7,", ": 7,"),
		"space after number":  replace(":7,", ":7 ,"),
		"space after comma":   replace(",", ", "),
		"space in front":      replace("ab", " ab"),
		"space at the end":    func(header string) string { return header + " " },
		"space before tag":    replace("%", "% "),
		"tab":                 replace(",", ",\t"),
		"upper case":          replace("ab", "AB"),
		"mixed case":          replace("ab", "Ab"),
		"URN":                 replace("ab", "urn:uuid:ab"),
		"braces":              replace("ab000000-0000-0000-0000-000000000000", "{ab000000-0000-0000-0000-000000000000}"),
		"spaces for braces":   replace("ab000000-0000-0000-0000-000000000000", " ab000000-0000-0000-0000-000000000000 "),
		"no hyphens":          replace("ab000000-0000-0000-0000-000000000000", "ab000000000000000000000000000000"),
		"short UUID":          replace("ab000000-", "ab-"),
		"no UUID":             replace("ab000000-0000-0000-0000-000000000000", ""),
		"two fields":          replace(":7,", ","),
		"four fields":         replace(":7,", ":7:7,"),
		"empty start":         replace(":0:7", "::7"),
		"empty size":          replace(":7,", ":,"),
		"comma in front":      func(header string) string { return "," + header },
		"comma at the end":    replace("%", ",%"),
		"two commas":          replace(",", ",,"),
		"semicolon for comma": replace(",", ";"),
		"semicolon for %":     replace("%", ";"),
		"two %":               replace("%", "%%"),
		"% at the end":        func(header string) string { return header + "%" },
		"name of the header":  func(header string) string { return protocol.SignatureHeader + ": " + header },
		"quotes":              func(header string) string { return `"` + header + `"` },
		"line break":          func(header string) string { return header + "\r\n" },
		"line break in tag":   replace("%", "%\n"),
		"no padding":          func(header string) string { return strings.TrimSuffix(header, "=") },
		"more padding":        func(header string) string { return header + "=" },
		"trailing bits":       trailingBits,
		"URL alphabet":        func(header string) string { return strings.NewReplacer("+", "-", "/", "_").Replace(header) },
	}
	sender, receiver := connect(t, 7, 60)
	m := message{query: "q", body: []byte("body")} // the tag has a + or a /
	m.header = sign(t, reserve(t, sender, 0), m.query, m.body)
	before := statusOf(t, receiver.Peer)
	for name, spell := range spellings {
		other := spell(m.header)
		if other == m.header {
			t.Errorf("%s: %s is no other spelling", name, other)
		}
		in, err := receive(receiver, message{header: other, query: m.query, body: m.body})
		if in != nil || !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s gave %v and %v, want %v", name, in, err, protocol.ErrMalformed)
		}
		unchanged(t, receiver.Peer, before)
	}
	if err := mustReceive(t, receiver, m).Accept(); err != nil {
		t.Error(err)
	}
}

// trailingBits sets a bit that a reader of base64 ignores unless it is strict: the last character
// of a tag stands for six bits, of which four count.
func trailingBits(header string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	last := len(header) - 2
	next := alphabet[strings.IndexByte(alphabet, header[last])+1]
	return header[:last] + string(next) + "="
}
