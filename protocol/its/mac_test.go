package its

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestMACIsTheModels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		context := rapid.SliceOfN(rapid.Byte(), 0, 140).Draw(t, "context")
		body := rapid.SliceOfN(rapid.Byte(), 0, 170).Draw(t, "body")
		checkMAC(t, key, context, body)
	})
}

func FuzzMAC(f *testing.F) {
	f.Add(make([]byte, 32), []byte{}, []byte{})
	f.Add([]byte(strings.Repeat("key!", 8)), []byte("a=b&c=d"), []byte("exactly 16 bytes"))
	f.Fuzz(func(t *testing.T, key, context, body []byte) {
		if len(key) == SigningKeySize && len(context)+len(body) < 1000 {
			checkMAC(t, key, context, body)
		}
	})
}

func checkMAC(t rapid.TB, key, context, body []byte) {
	t.Helper()
	before := bytes.Join([][]byte{key, context, body}, nil)
	got := MAC(key, cut(string(context)), body)
	blocks := append(elements(context), elements(body)...)
	blocks = append(blocks, Element{uint64(len(context)), uint64(len(body))})
	if want := bigField.mac(load(key), load(key[16:]), blocks).Bytes(); !bytes.Equal(got, want[:]) {
		t.Fatalf("got %x, want %x", got, want)
	}
	if !bytes.Equal(before, bytes.Join([][]byte{key, context, body}, nil)) {
		t.Fatal("MAC changed its input")
	}
}

// cut cuts a text into parts, some of which are empty.
func cut(text string) (parts []string) {
	for i := 0; len(text) > 0; i++ {
		n := min(i*i, len(text))
		parts, text = append(parts, text[:n]), text[n:]
	}
	return parts
}

// The tag depends on where the context ends and how much is padding.
func TestMACTellsMessagesApart(t *testing.T) {
	key := []byte("0123456789abcdefghijklmnopqrstuv")
	seen := map[string]string{}
	for _, m := range [][2]string{
		{"", ""}, {"\x00", ""}, {"", "\x00"}, {"", "\x00\x00"}, {"a", ""}, {"", "a"}, {"a\x00", ""}, {"", "a\x00"},
		{"a", "b"}, {"ab", ""}, {"", "ab"}, {"sixteen bytes ok", ""}, {"", "sixteen bytes ok"},
		{"sixteen bytes ok", "\x00"}, {"sixteen bytes ok", "b"}, {"", "sixteen bytes okb"},
	} {
		tag := string(MAC(key, m[:1], []byte(m[1])))
		if other, ok := seen[tag]; ok {
			t.Errorf("%q has the tag of %s", m, other)
		}
		seen[tag] = m[0] + "|" + m[1]
	}
}

func TestMACPanicsWithoutAWholeKey(t *testing.T) {
	for _, size := range []int{0, 16, 31, 33, 64} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic with a key of %d bytes", size)
				}
			}()
			MAC(make([]byte, size), nil, nil)
		}()
	}
}

// Two messages under the same key disclose c: here the difference of the tags is c² times the
// difference of the only blocks that differ.
func TestMACKeyIsForOneMessage(t *testing.T) {
	key := []byte("0123456789abcdefghijklmnopqrstuv")
	first, second := []byte("sixteen bytes ok"), []byte("also 16 bytes ok")
	tags := load(MAC(key, nil, first)).Add(load(MAC(key, nil, second)))
	c := bigField.root(tags.Mul(load(first).Add(load(second)).Inverse()))
	if c != load(key) {
		t.Errorf("c is %x, want %x", c.Bytes(), key[:16])
	}
}

// Coefficients that are added several at a time count as if they were added one by one.
func TestStridesAreSteps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := load(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "c"))
		data := rapid.SliceOfN(rapid.Byte(), 0, 13*ElementSize).Draw(t, "data")
		data = data[:len(data)/ElementSize*ElementSize]
		forwards, backwards := horner{c: newFactor(c)}, horner{c: newFactor(c)}
		forwards.absorb(data)
		backwards.absorbBackwards(data)
		steps, back := horner{c: newFactor(c)}, horner{c: newFactor(c)}
		for at := 0; at < len(data); at += ElementSize {
			steps.step(load(data[at:]))
			back.step(load(data[len(data)-ElementSize-at:]))
		}
		if forwards.value != steps.value || backwards.value != back.value {
			t.Errorf("%d elements: %v and %v, want %v and %v", len(data)/ElementSize, forwards.value, backwards.value, steps.value, back.value)
		}
	})
}
