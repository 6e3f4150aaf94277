package parcel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

const token = "token of carol"

func newParcel(size int) *Parcel {
	at := time.Date(2030, 1, 2, 3, 4, 5, 6, time.UTC)
	p := &Parcel{Head: Head{ID: uuid.New(), Number: 7, Session: uuid.New(), Since: at, Issued: at.Add(time.Hour),
		Hub: "hank", Client: "carol", Encryptors: []string{"sam"}, Suite: "its", Version: 2, Threshold: 2, Hubs: []string{"helen", "hank"}}}
	p.Blocks = Plan(protocol.ITS, size)
	for i := range p.Blocks {
		p.Blocks[i].ID = uuid.New()
		p.Data = append(p.Data, bytes.Repeat([]byte{byte(i + 1)}, p.Blocks[i].Size))
	}
	return p
}

func mustSeal(t testing.TB, p *Parcel, recipient string) []byte {
	t.Helper()
	var sealed bytes.Buffer
	if err := Seal(&sealed, recipient, token, p); err != nil {
		t.Fatal(err)
	}
	return sealed.Bytes()
}

func mustDraw(t testing.TB) Identity {
	t.Helper()
	i, err := NewIdentity()
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestPlan(t *testing.T) {
	for _, size := range []int{MinSize, 5000, MaxSize} {
		h := Head{Blocks: Plan(protocol.ITS, size)}
		for _, owner := range []protocol.PoolOwner{protocol.OwnerClient, protocol.OwnerHub} {
			for _, purpose := range []psrd.Purpose{psrd.ForPads, psrd.ForKeys} {
				if got := h.Size(owner, purpose); got < size || got >= size+psrd.SlotSize {
					t.Errorf("%d bytes of the %s for %ss, want %d", got, owner, purpose, size)
				}
			}
		}
		if got := h.Size(protocol.OwnerClient, psrd.ForMarks); got < 64*protocol.PairSize || got < size/4 || got%protocol.PairSize != 0 {
			t.Errorf("%d bytes for marks of %d", got, size)
		}
	}
}

// A file can be opened by its recipient and by nobody else, and is unchanged.
func TestSealAndOpen(t *testing.T) {
	carol, celia := mustDraw(t), mustDraw(t)
	p := newParcel(100_000)
	sealed := mustSeal(t, p, carol.Recipient())
	got, err := Open(bytes.NewReader(sealed), carol, token)
	if err != nil || !reflect.DeepEqual(got, p) {
		t.Fatalf("%v, %v", got, err)
	}
	kept, err := ParseIdentity(carol.Reveal())
	if err != nil || kept.Recipient() != carol.Recipient() || CheckRecipient(kept.Recipient()) != nil {
		t.Errorf("an identity that was kept: %v", err)
	}
	if _, err := Open(bytes.NewReader(sealed), celia, token); !errors.Is(err, ErrNotRecipient) {
		t.Errorf("another client: %v", err)
	}
	if _, err := Open(bytes.NewReader(sealed), carol, "another network's"); !errors.Is(err, ErrNotOurs) {
		t.Errorf("another network: %v", err)
	}
	for _, data := range p.Data {
		if bytes.Contains(sealed, data[:64]) {
			t.Error("a block is there in the clear")
		}
	}
	got.Clear()
	if slices.ContainsFunc(got.Data, func(d []byte) bool { return bytes.Count(d, []byte{0}) < len(d) }) {
		t.Error("bytes are left")
	}
}

// A file that was altered, truncated or extended anywhere is refused.
func TestAltered(t *testing.T) {
	carol := mustDraw(t)
	sealed := mustSeal(t, newParcel(MinSize), carol.Recipient())
	refuse := func(what string, altered []byte) {
		t.Helper()
		p, err := Open(bytes.NewReader(altered), carol, token)
		if err == nil || p != nil || !errors.Is(err, ErrNoParcel) && !errors.Is(err, ErrAltered) && !errors.Is(err, ErrNotRecipient) {
			t.Errorf("%s: %v, %v", what, p, err)
		}
	}
	header := bytes.Index(sealed, []byte("\n--- ")) + 60
	for at := 0; at < len(sealed); at++ {
		if at > header && at < len(sealed)-40 && at%97 > 0 {
			continue // the rest is one piece with one tag
		}
		altered := slices.Clone(sealed)
		altered[at] ^= 1 << (at % 8)
		refuse(fmt.Sprintf("byte %d", at), altered)
	}
	for _, n := range []int{0, 1, header / 2, header, len(sealed) / 2, len(sealed) - 1} {
		refuse(fmt.Sprintf("cut after %d", n), sealed[:n])
	}
	refuse("something added", append(slices.Clone(sealed), 0))
}

// Errors of the reader are not taken for damage.
func TestOpenFails(t *testing.T) {
	carol := mustDraw(t)
	sealed := mustSeal(t, newParcel(100_000), carol.Recipient())
	broken := errors.New("the stick was pulled out")
	for _, n := range []int{0, 100, len(sealed) / 2} {
		from := io.MultiReader(bytes.NewReader(sealed[:n]), failing{broken})
		if _, err := Open(from, carol, token); !errors.Is(err, broken) {
			t.Errorf("after %d bytes: %v", n, err)
		}
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Heads that no hub writes are not sealed, and are refused if somebody sealed them.
func TestHeads(t *testing.T) {
	for name, change := range map[string]func(*Parcel){
		"no number":        func(p *Parcel) { p.Number = 0 },
		"no ID":            func(p *Parcel) { p.ID = uuid.Nil },
		"no client":        func(p *Parcel) { p.Client = "../carol" },
		"hub not in list":  func(p *Parcel) { p.Hubs = []string{"helen"} },
		"a block twice":    func(p *Parcel) { p.Blocks[1].ID = p.Blocks[0].ID },
		"a block too long": func(p *Parcel) { p.Blocks[0].Size = protocol.MaxBlockSize + 1 },
		"a negative block": func(p *Parcel) { p.Blocks[0].Size = -1 },
		"half a slot":      func(p *Parcel) { p.Blocks[1].Size = 48 },
		"half a pair":      func(p *Parcel) { p.Blocks[4].Size = 96 },
		"nobody's block":   func(p *Parcel) { p.Blocks[0].Owner = "courier" },
		"no purpose":       func(p *Parcel) { p.Blocks[0].Purpose = "" },
		"nothing for marks": func(p *Parcel) {
			p.Blocks = p.Blocks[:4]
		},
		"too much": func(p *Parcel) {
			for range 5 {
				p.Blocks = append(p.Blocks, Block{uuid.New(), protocol.OwnerHub, psrd.ForPads, protocol.MaxBlockSize})
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			p := newParcel(MinSize)
			change(p)
			if err := write(io.Discard, token, p); !errors.Is(err, ErrNoParcel) {
				t.Errorf("error is %v", err)
			}
		})
	}
	if err := Seal(io.Discard, mustDraw(t).Recipient(), "", newParcel(MinSize)); err == nil {
		t.Error("a file was sealed without a token")
	}
	if err := Seal(io.Discard, "age1carol", token, newParcel(MinSize)); err == nil {
		t.Error("a file was sealed without a recipient")
	}
}

// No verb shows a secret.
func TestFormat(t *testing.T) {
	p, carol := newParcel(MinSize), mustDraw(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		text := fmt.Sprintf(verb+verb+verb, p, carol, struct{ I Identity }{carol})
		if strings.Contains(text, string(carol.Reveal()[20:40])) || strings.Contains(text, "0202") || strings.Contains(text, "2, 2, 2") || strings.Contains(text, "2 2 2") {
			t.Errorf("%s shows %.200s", verb, text)
		}
	}
}

// Whatever the content of a file that opens, reading it fails only with the documented errors, and
// takes no more memory than its size.
func FuzzRead(f *testing.F) {
	var good bytes.Buffer
	p := newParcel(MinSize)
	if err := write(&good, token, p); err != nil {
		f.Fatal(err)
	}
	f.Add(good.Bytes())
	f.Add(good.Bytes()[:len(good.Bytes())-1])
	f.Add(append(slices.Clone(good.Bytes()), 0))
	f.Add([]byte(magic + "\x00\x00\x00\x02{}"))
	f.Add([]byte(magic + "\xff\xff\xff\xff{}"))
	f.Add(bytes.Replace(good.Bytes(), []byte(`"size":1024`), []byte(`"size":9999`), 1))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := read(bytes.NewReader(data), token)
		if err != nil {
			if p != nil || !errors.Is(err, ErrNoParcel) && !errors.Is(err, ErrNotOurs) {
				t.Fatalf("%v, %v", p, err)
			}
			return
		}
		var again bytes.Buffer
		if err := write(&again, token, p); err != nil || len(p.Data) != len(p.Blocks) {
			t.Fatalf("what was read cannot be written: %v", err)
		}
	})
}
