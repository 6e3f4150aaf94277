package protocol_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/protocol/its"
	"dske/psrd"
)

var channelGame = flag.Int("game", 100_000, "messages of the game over a whole channel")

// toy is suite its, scaled down so that its bounds can be measured. The proofs need only that c of
// a signing key, and C and E of a secret tag, are uniform on some set of elements. Here that set is
// the field of 2^8 elements inside the field of the suite; everything else is the suite's own. The
// adversary knows the set.
type toy struct {
	protocol.Suite
	elements []its.Element // 0 first
}

func newToy() toy {
	elements := []its.Element{{}}
	for a := range smallField() {
		elements = append(elements, a)
	}
	return toy{protocol.ITS, elements}
}

// smallField yields the elements of the small field except 0: the powers of an element of order
// 255.
func smallField() func(func(its.Element) bool) {
	power := func(a its.Element, n int) its.Element {
		result := element(1)
		for range n {
			result = result.Mul(a)
		}
		return result
	}
	generator := element(1)
	for x := byte(2); power(generator, 15) == element(1) || power(generator, 51) == element(1) || power(generator, 85) == element(1); x++ {
		// x^((2^128-1)/255): the product of x^(2^(8i)) for all i.
		generator = element(1)
		for a, i := element(x), 0; i < its.ElementSize; i++ {
			generator = generator.Mul(a)
			a = power(a, 256)
		}
	}
	return func(yield func(its.Element) bool) {
		for a, i := element(1), 0; i < 255 && yield(a); i++ {
			a = a.Mul(generator)
		}
	}
}

func element(b byte) its.Element {
	return its.NewElement([its.ElementSize]byte{its.ElementSize - 1: b})
}

// ComputeTag makes c an element of the small field.
func (s toy) ComputeTag(key []byte, context protocol.Context, body []byte) protocol.Tag {
	key = bytes.Clone(key)
	c := s.elements[key[0]].Bytes()
	copy(key, c[:])
	return s.Suite.ComputeTag(key, context, body)
}

// Split makes C and E elements of the small field: they are the first and the third element that it
// draws.
func (s toy) Split(key protocol.Secret, threshold int, numbers []int, slaves int, random io.Reader) ([]protocol.Share, error) {
	head := make([]byte, 3*its.ElementSize)
	if _, err := io.ReadFull(random, head); err != nil {
		return nil, err
	}
	for _, at := range []int{0, 2 * its.ElementSize} {
		c := s.elements[head[at]].Bytes()
		copy(head[at:], c[:])
	}
	return s.Suite.Split(key, threshold, numbers, slaves, io.MultiReader(bytes.NewReader(head), random))
}

// player draws the random choices of honest nodes and the adversary's strategies.
type player struct {
	*rand.Rand
	testing.TB
	toy
	client, hub *protocol.Channel
	inverses    map[its.Element]its.Element
}

func newPlayer(t testing.TB) *player {
	p := &player{Rand: rand.New(rand.NewPCG(2022, 615)), TB: t, toy: newToy(), inverses: map[its.Element]its.Element{}}
	for _, a := range p.elements[1:] {
		p.inverses[a] = a.Inverse()
	}
	p.client, p.hub = protocol.NewChannel(p.toy), protocol.NewChannel(p.toy)
	return p
}

func (p *player) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(p.Uint32())
	}
	return len(b), nil
}

func (p *player) bytes(n int) []byte {
	b := make([]byte, n)
	p.Read(b)
	return b
}

func (p *player) small() its.Element { return p.elements[p.IntN(len(p.elements))] }

// stock ensures that both ends have bytes.
func (p *player) stock() {
	for _, pools := range [][2]*psrd.Pool{
		{p.client.Own, p.hub.Peer}, {p.client.OwnKeys, p.hub.PeerKeys}, {p.hub.Own, p.client.Peer}, {p.hub.OwnKeys, p.client.PeerKeys},
	} {
		if pools[0].Available() >= 1024 {
			continue
		}
		id, data := uuid.UUID(p.bytes(16)), p.bytes(8192)
		for _, pool := range pools {
			if err := pool.Add(psrd.NewBlock(id, bytes.Clone(data))); err != nil {
				p.Fatal(err)
			}
		}
	}
}

// TestGameOfMessages plays 10^5 messages of a channel against an adversary who controls the
// network. The adversary alters them so that as many keys as possible fit, swaps answers, names
// pads and pieces of keys, and replays. A message of s blocks with a wrong tag passes for at most s
// of 2^8 keys. Attempts add up.
func TestGameOfMessages(t *testing.T) {
	p := newPlayer(t)
	var accepted int
	var bound float64
	steps := max(1, *channelGame/slowness)
	for range steps {
		p.stock()
		a, b := p.exchange()
		accepted, bound = accepted+a, bound+b
	}
	p.check(accepted, steps, bound/float64(steps))
}

// exchange plays a request and its answer. It returns how many forgeries of them were accepted, and
// the bound on the average of that number.
func (p *player) exchange() (accepted int, bound float64) {
	request := protocol.Request{Method: http.MethodGet, Path: protocol.PathKeyShare, Query: "client_name=connie&key_id=" + p.word()}
	if p.IntN(2) == 0 {
		request = protocol.Request{Method: http.MethodPost, Path: protocol.PathKeyShare, Body: p.bytes(16 * (1 + p.IntN(12)))}
	}
	out := p.reserve(p.client, 16)
	signature, err := out.SignRequest(request)
	p.must(err)
	p.mustFail(out.PadFragments(), signature, request)
	forged, header := request, ""
	var blocks int
	forged.Query, forged.Body, header, blocks = p.forge(textOf(p.RequestContext(request)), request.Query, request.Body, signature)
	if forged.Query != request.Query || !bytes.Equal(forged.Body, request.Body) {
		bound += float64(blocks) / 256
		if incoming, err := p.hub.VerifyRequest([]string{header}, forged); err == nil {
			accepted++
			incoming.Release()
		}
	}
	p.deliver(p.hub, signature, func() (*protocol.Incoming, error) { return p.hub.VerifyRequest([]string{signature}, request) })
	out.Release()

	// The answer, and one to another request, which the adversary gives instead. The two contexts
	// differ just enough to be different.
	response := protocol.Response{To: signature, Status: http.StatusOK, Body: p.bytes(16 * p.IntN(8))}
	reply := p.reserve(p.hub, 0)
	signature, err = reply.SignResponse(response)
	p.must(err)
	swapped := response
	swapped.To = header
	if swapped.To != response.To {
		bound += float64(blocksOf(textOf(p.ResponseContext(swapped)), swapped.Body)) / 256
		if incoming, err := p.client.VerifyResponse([]string{signature}, swapped); err == nil {
			accepted++
			incoming.Release()
		}
	}
	p.deliver(p.client, signature, func() (*protocol.Incoming, error) { return p.client.VerifyResponse([]string{signature}, response) })
	return accepted, bound
}

func textOf(context protocol.Context) string { return strings.Join(context[:], "") }

func (p *player) word() string { return strings.Repeat("k", 1+p.IntN(36)) }

func (p *player) reserve(c *protocol.Channel, pad int) *protocol.Outgoing {
	out, err := c.Reserve(pad)
	p.must(err)
	return out
}

func (p *player) must(err error) {
	if err != nil {
		p.Helper()
		p.Fatal(err)
	}
}

// deliver delivers the genuine message: no attempt before it has spent anything. Then it is
// replayed, and must be refused as used.
func (p *player) deliver(c *protocol.Channel, signature string, verify func() (*protocol.Incoming, error)) {
	p.Helper()
	incoming, err := verify()
	p.must(err)
	p.must(incoming.Accept())
	if _, err := verify(); !errors.Is(err, psrd.ErrUsed) && !errors.Is(err, psrd.ErrUnknownBlock) {
		p.Fatalf("%s, again: %v", signature, err)
	}
}

// mustFail tries forgeries without any chance, since they are refused before the tag is checked.
func (p *player) mustFail(pad []psrd.Fragment, signature string, r protocol.Request) {
	fragment, tag, _ := strings.Cut(signature, "%")
	parts := strings.Split(fragment, ":")
	for name, want := range map[string]error{
		pad[0].String(): nil, // of a wrong size, or not of a pool of keys
		parts[0] + ":16:16," + parts[0] + ":0:16": psrd.ErrNotSlot,
		parts[0] + ":8:32":                        psrd.ErrNotSlot,
	} {
		_, err := p.hub.VerifyRequest([]string{name + "%" + tag}, r)
		var wrong *protocol.WrongTagError
		if err == nil || errors.As(err, &wrong) || want != nil && !errors.Is(err, want) {
			p.Fatalf("a key named %s: %v", name, err)
		}
	}
}

// forge alters a message and its tag. It returns the altered message and its number of blocks. The
// difference between the two tags is a polynomial in c without constant and linear terms, whose
// value the adversary guesses. The best polynomial has as many roots as blocks.
func (p *player) forge(context, query string, body []byte, signature string) (newQuery string, newBody []byte, header string, blocks int) {
	blocks = blocksOf(context, body)
	name, text, _ := strings.Cut(signature, "%")
	tag, err := base64.StdEncoding.DecodeString(text)
	p.must(err)
	if len(body) < 32 { // too short for such a polynomial
		newBody = append(bytes.Clone(body), 1)
		return query, newBody, signature, blocksOf(context, newBody)
	}
	coefficients := p.roots(len(body)/16 + 1) // of c^0, c^1, …
	newBody = bytes.Clone(body)
	for power, a := range coefficients {
		switch {
		case power == 0:
			addTo(tag, a)
		case power >= 2: // the last block of the body, and so on
			addTo(newBody[len(body)-16*(power-1):], a)
		}
	}
	return query, newBody, name + "%" + base64.StdEncoding.EncodeToString(tag), blocks
}

// roots returns the coefficients of a polynomial of this degree, at least 2, with as many roots in
// the small field and no linear term. The inverses of its roots sum to 0, so one root follows from
// the others.
func (p *player) roots(degree int) []its.Element {
	polynomial := []its.Element{element(1)}
	var sum its.Element
	for i := range degree {
		root := p.elements[1+p.IntN(255)]
		if i == degree-1 {
			root = p.inverses[sum]
		}
		sum = sum.Add(p.inverses[root])
		times := make([]its.Element, len(polynomial)+1)
		for power, a := range polynomial {
			times[power] = times[power].Add(a.Mul(root))
			times[power+1] = times[power+1].Add(a)
		}
		polynomial = times
	}
	return polynomial
}

func addTo(block []byte, a its.Element) {
	sum := its.NewElement([its.ElementSize]byte(block)).Add(a).Bytes()
	copy(block, sum[:])
}

// blocksOf returns the number of blocks that a tag is computed over.
func blocksOf(context string, body []byte) int { return (len(context)+15)/16 + (len(body)+15)/16 + 1 }

// check compares a measured rate with the bound, and checks that the adversary succeeds sometimes.
func (p *player) check(accepted, steps int, bound float64) {
	p.Helper()
	rate := float64(accepted) / float64(steps)
	deviation := math.Sqrt(bound / float64(steps))
	p.Logf("%d of %d accepted: %.5f, bound %.5f", accepted, steps, rate, bound)
	if rate > bound+5*deviation || rate < bound/20 {
		p.Errorf("%d of %d accepted: %.5f, bound %.5f", accepted, steps, rate, bound)
	}
}

// TestGameOfKeys plays keys of a network of five hubs, two of which are the adversary's, who knows
// the key, too. The hubs seal, sign and send their shares; the liars shift theirs so that as many
// values of C as possible fit. Each set of shares whose tag is tested lets a wrong key pass for at
// most m+1 of 2^8 values.
func TestGameOfKeys(t *testing.T) {
	const hubs, threshold, sets, m = 5, 3, 10, 1
	p := newPlayer(t)
	accepted, steps := 0, max(1, *channelGame/10/slowness)
	for range steps {
		p.stock()
		key := protocol.NewSecret(p.bytes(16))
		shares, err := p.Split(key, threshold, []int{0, 1, 2, 3, 4}, 1, p)
		p.must(err)
		for liar := range 2 {
			value := shares[liar].Value.Reveal()
			for i, a := range p.shift() {
				addTo(value[16*i:], a)
			}
		}
		search, err := p.NewSearch(threshold, p)
		p.must(err)
		if p.IntN(2) == 0 { // otherwise the liars come first
			p.Shuffle(hubs, func(i, j int) { shares[i], shares[j] = shares[j], shares[i] })
		}
		if got := p.gather(search, shares); !bytes.Equal(got, key.Reveal()) {
			accepted++
		}
		search.Close()
	}
	p.check(accepted, steps, sets*(m+1)/256.)
}

// shift returns what to add to C, D, E and the block of the key: a polynomial with two roots. In
// each set with one liar it is multiplied by another constant, which does not change its roots.
func (p *player) shift() []its.Element {
	u, v, s := p.small(), p.small(), p.elements[1+p.IntN(255)]
	return []its.Element{{}, s.Mul(u.Mul(v)), s.Mul(u.Add(v)), s}
}

// gather sends the shares as whole messages, one after the other, and returns the first key that is
// found.
func (p *player) gather(search protocol.Search, shares []protocol.Share) []byte {
	for _, share := range shares {
		p.stock()
		out := p.reserve(p.hub, share.Value.Size())
		sealed, err := out.Seal(share.Value)
		p.must(err)
		body, err := json.Marshal(protocol.ShareReply{ShareIndex: share.Index, Terms: share.Terms, SealedShare: sealed})
		p.must(err)
		response := protocol.Response{To: "a request", Status: http.StatusOK, Body: body}
		signature, err := out.SignResponse(response)
		p.must(err)
		incoming, err := p.client.VerifyResponse([]string{signature}, response)
		p.must(err)
		reply, err := protocol.ParseShareReply(body)
		p.must(err)
		value, err := incoming.Open(reply.SealedShare)
		p.must(err)
		p.must(search.Add(protocol.Share{Index: reply.ShareIndex, Terms: reply.Terms, Value: value}, false))
		if key, err := search.Find(context.Background()); err == nil {
			return key.Reveal()
		}
	}
	p.Fatal("no key at all")
	return nil
}
