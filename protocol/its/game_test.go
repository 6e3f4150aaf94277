package its

import (
	"bytes"
	"context"
	"flag"
	"math"
	"math/rand/v2"
	"testing"
)

var gameSteps = flag.Int("game", 100_000, "attempts of each game with a small field")

// The game runs the code under test in a setting where its bounds can be measured. The field of the
// suite contains one of 2^8 elements, and the proofs need only that c, and C and E, are uniform on
// some set of elements. If they are drawn from the small field, the claims about 2^128 elements
// hold for 2^8. d and D, which hide them, are from the whole field. The adversary knows all that,
// and plays any strategy that is drawn.

// small returns the elements of the small field, 0 first: the powers of an element of order 255.
func small() []Element {
	generator := one
	for x := uint64(2); isShort(generator); x++ {
		generator = power128(Element{lo: x})
	}
	elements := []Element{{}}
	for a, i := one, 0; i < 255; i++ {
		elements = append(elements, a)
		a = a.Mul(generator)
	}
	return elements
}

// power128 returns a^((2^128-1)/255), an element of the small field: the product of a^(2^(8i)) for
// all i.
func power128(a Element) Element {
	result := one
	for range ElementSize {
		result = result.Mul(a)
		for range 8 {
			a = a.Mul(a)
		}
	}
	return result
}

// isShort reports whether a, not 0, has an order below 255.
func isShort(a Element) bool {
	for _, n := range []int{3 * 5, 3 * 17, 5 * 17} {
		if bigPower(a, n) == one {
			return true
		}
	}
	return false
}

func bigPower(a Element, n int) Element {
	result := one
	for range n {
		result = result.Mul(a)
	}
	return result
}

func TestSmallFieldIsAField(t *testing.T) {
	elements := small()
	known := map[Element]bool{}
	for _, a := range elements {
		known[a] = true
	}
	if len(known) != 256 {
		t.Fatalf("%d elements", len(known))
	}
	for _, a := range elements[:20] {
		for _, b := range elements {
			if !known[a.Add(b)] || !known[a.Mul(b)] {
				t.Fatalf("the sum or the product of %x and %x is not in the field", a.Bytes(), b.Bytes())
			}
		}
	}
}

// player draws the random choices of honest parties and the adversary's strategies.
type player struct {
	*rand.Rand
	elements []Element
	inverse  map[Element]Element
}

func newPlayer() player {
	p := player{rand.New(rand.NewPCG(2022, 615)), small(), map[Element]Element{}}
	for i, a := range p.elements[1:] { // a is the i-th power, and the power 255-i is its inverse
		p.inverse[a] = p.elements[1+(255-i)%255]
	}
	return p
}

func (p player) small() Element { return p.elements[p.IntN(len(p.elements))] }

func (p player) large() Element { return Element{p.Uint64(), p.Uint64()} }

// A tag under the key was seen. The adversary alters the message and the tag so that as many values
// of c as possible fit, or at random. With s blocks at most s of 2^8 keys fit.
func TestGameOfForgery(t *testing.T) {
	const blocks = 3 // including the block with the lengths
	p := newPlayer()
	accepted := 0
	steps := slowed(*gameSteps)
	for range steps {
		c, d := p.small(), p.large()
		key := make([]byte, SigningKeySize)
		store(key, c)
		store(key[ElementSize:], d)
		message := make([]byte, (blocks-1)*ElementSize)
		for i := range message {
			message[i] = byte(p.Uint32())
		}
		difference, tagDifference := p.forgery()
		tag := MAC(key, nil, message)
		for i, a := range difference {
			store(message[i*ElementSize:], load(message[i*ElementSize:]).Add(a))
		}
		store(tag, load(tag).Add(tagDifference))
		if equal(tag, MAC(key, nil, message)) {
			accepted++
		}
	}
	checkRate(t, accepted, steps, blocks/256.)
}

// forgery returns what to add to the blocks of a message and to its tag. The coefficient of c
// itself, the block with the lengths, stays. So the best choice is a polynomial c³·a + c²·b + t
// with three roots: any two, u and v, and w = uv/(u+v), since uv+uw+vw is the coefficient of c.
func (p player) forgery() (blocks []Element, tag Element) {
	u, v := p.small(), p.small()
	switch p.IntN(3) {
	case 0:
		w := u.Mul(v).Mul(p.inverse[u.Add(v)])
		return []Element{one, u.Add(v).Add(w)}, u.Mul(v).Mul(w)
	case 1:
		return []Element{{}, p.elements[1+p.IntN(255)]}, p.small()
	default:
		return []Element{p.elements[1+p.IntN(255)], u}, v
	}
}

// Two of five hubs lie, in a way that is drawn: they shift the vector for a set of their choice,
// with as many roots as possible, or at random. Each set whose tag is tested lets a wrong key pass
// for at most m+1 of 2^8 choices of C.
func TestGameOfWrongKeys(t *testing.T) {
	const k, n = 3, 5
	p := newPlayer()
	accepted, tried := 0, 0
	steps := slowed(*gameSteps)
	for range steps {
		key := make([]byte, ElementSize)
		store(key, p.large())
		shares, tags, err := Split(key, k, []int{0, 1, 2, 3, 4}, 1, p.honestDraws(k, len(key)))
		if err != nil {
			t.Fatal(err)
		}
		p.lie(shares, k)
		if p.IntN(2) == 0 { // otherwise the liars come first
			p.Shuffle(n, func(i, j int) { shares[i], shares[j] = shares[j], shares[i] })
		}
		got, wrong := gather(t, k, shares, tags[0])
		tried += wrong
		if !bytes.Equal(got, key) {
			accepted++
			tried++
		}
	}
	checkRate(t, accepted, steps, float64(tried)/float64(steps)*2/256)
}

// honestDraws returns the bytes that Split reads: C, D and E, and two shares.
func (p player) honestDraws(k, keySize int) *bytes.Reader {
	drawn := make([]byte, offsetS+(k-1)*ShareSize(keySize, 1))
	for at := 0; at < len(drawn); at += ElementSize {
		store(drawn[at:], p.large())
	}
	store(drawn, p.small())
	store(drawn[offsetE:], p.small())
	return bytes.NewReader(drawn)
}

// lie alters the first two shares. Each liar aims a shift at one set of its own share and honest
// ones. In other sets the effect is a multiple of that shift, and in sets with both liars a sum.
func (p player) lie(shares []Share, k int) {
	for liar := range 2 {
		own := one // over its weight in the set, the product of x'/(x'+x) for all others
		for _, other := range shares[2+p.IntN(2):][:k-1] {
			x := coordinate(shares[liar].Index).Add(coordinate(other.Index))
			own = own.Mul(x.Mul(inverses()[other.Index+1]))
		}
		for i, shift := range p.shift() {
			at := i * ElementSize
			store(shares[liar].Value[at:], load(shares[liar].Value[at:]).Add(own.Mul(shift)))
		}
	}
}

// shift returns what to add to C, D, E and the one block of the key: the best choice leaves C
// unchanged and makes a polynomial with two roots, C²·s + C·e + d.
func (p player) shift() []Element {
	u, v, s := p.small(), p.small(), p.elements[1+p.IntN(255)]
	switch p.IntN(4) {
	case 0, 1:
		return []Element{{}, s.Mul(u.Mul(v)), s.Mul(u.Add(v)), s}
	case 2:
		return []Element{s, p.small(), p.small(), p.small()}
	default:
		return []Element{{}, u, v, s}
	}
}

// gather returns the key that a search finds first, when answers arrive one by one, and the number
// of wrong sets.
func gather(t *testing.T, k int, shares []Share, tag []byte) (key []byte, wrong int) {
	search := testSearch(t, k)
	defer search.Close()
	for _, s := range shares {
		if err := search.Add(Answer{Index: s.Index, KeySize: ElementSize, SecretTag: tag, Value: s.Value}); err != nil {
			t.Fatal(err)
		}
		if key, err := search.Find(context.Background()); err == nil {
			return key, search.tried - 1
		}
	}
	t.Fatal("no key at all")
	return nil, 0
}

// slowed returns how many of the steps to make, at least one: fewer where the race detector slows
// them down, and far fewer where each statement is counted.
func slowed(steps int) int {
	if testing.CoverMode() != "" {
		steps /= 20
	}
	return max(1, steps/slowness)
}

// checkRate compares a measured rate with the bound, and checks that the adversary succeeds
// sometimes.
func checkRate(t *testing.T, accepted, steps int, bound float64) {
	rate := float64(accepted) / float64(steps)
	deviation := math.Sqrt(bound * (1 - bound) / float64(steps))
	t.Logf("%d of %d accepted: %.5f, bound %.5f", accepted, steps, rate, bound)
	if rate > bound+5*deviation || rate < bound/20 {
		t.Errorf("%d of %d accepted: %.5f, bound %.5f", accepted, steps, rate, bound)
	}
}
