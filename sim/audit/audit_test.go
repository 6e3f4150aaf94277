package audit

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// blocks returns a block of carol's and one of hank's.
func blocks() (carols, hanks Block) {
	data := func(from int) []byte {
		b := make([]byte, 256)
		for i := range b {
			b[i] = byte(from + i*i>>4)
		}
		return b
	}
	return Block{UUID: "a", Client: "client/carol", Hub: "hub/hank", Owner: "client", Data: data(1)},
		Block{UUID: "c", Client: "client/carol", Hub: "hub/hank", Owner: "hub", Data: data(2)}
}

func newAuditor(suite string) *Auditor {
	a := New(suite)
	carols, hanks := blocks()
	a.Block(carols)
	a.Block(hanks)
	return a
}

// post returns a share on its way from carol to hank, with the places of its signing key and its
// pad.
func post(signature, pad string) Message {
	block, rest, _ := strings.Cut(pad, ":")
	var start, size int
	fmt.Sscanf(rest, "%d:%d", &start, &size)
	body := fmt.Sprintf(`{"encryption_key_allocation":{"fragments":[{"block_uuid":%q,"start":%d,"size":%d}]}}`, block, start, size)
	return Message{From: "client/carol", To: "hub/hank", Method: "POST", Signature: signature + "%dGFn", Body: []byte(body)}
}

// answer returns hank's answer to carol, rightly signed in suite its with bytes of his block.
func answer(request Message, status int, start int) Message {
	_, hanks := blocks()
	m := Message{From: "hub/hank", To: "client/carol", Status: status, Body: []byte("{}")}
	tag := tagITS(hanks.Data[start:start+32], fmt.Appendf(nil, "%d %s", status, request.Signature), m.Body)
	m.Signature = fmt.Sprintf("c:%d:32%%%s", start, base64.StdEncoding.EncodeToString(tag))
	return m
}

// deal shows the auditor a whole exchange.
func (a *Auditor) deal(request, response Message) {
	a.Sent(request)
	a.Answered(request, response)
	a.Reached(request, response)
}

// respond is an answer that the hub makes, whatever it has taken.
func (a *Auditor) respond(request, response Message) { a.send(a.read(&response, &request)) }

func TestHonestUse(t *testing.T) {
	a := newAuditor("its")
	first, second := post("a:32:32", "a:0:32"), post("a:96:32", "a:64:32")
	a.deal(first, answer(first, 200, 0))
	a.deal(first, answer(first, 200, 0)) // the same answer to the same request
	a.Sent(second)
	a.Sent(second) // the same bytes again, since the hub had none for its response
	a.deal(second, answer(second, 409, 32))
	wrong := answer(second, 200, 0)
	wrong.Body = []byte("{ }")
	a.Reached(first, wrong) // its tag is wrong, so it is not accepted
	if v := a.Violations(); len(v) != 0 {
		t.Error(v)
	}
}

func TestViolations(t *testing.T) {
	first := post("a:32:32", "a:0:32")
	other := post("a:128:32", "a:64:32")
	for name, test := range map[string]struct {
		do   func(*Auditor)
		says string
	}{
		"a signing key for two messages": {func(a *Auditor) { a.Sent(post("a:63:32", "a:200:32")) }, "client/carol used bytes 63 to 94 of block a twice"},
		"a pad for two messages":         {func(a *Auditor) { a.Sent(post("a:128:32", "a:31:32")) }, "twice"},
		"a pad that is the signing key":  {func(a *Auditor) { a.Sent(post("a:128:32", "a:128:32")) }, "twice"},
		"a block of the peer": {func(a *Auditor) {
			a.respond(first, answer(first, 200, 0))
			m := post("c:64:32", "a:64:32")
			a.Sent(m)
		}, "is used by client/carol"},
		"two answers to one request":      {func(a *Auditor) { a.Answered(first, answer(first, 200, 0)); a.Answered(first, answer(first, 200, 32)) }, "accepted the same POST"},
		"one signature for two responses": {func(a *Auditor) { a.respond(first, answer(first, 200, 0)); a.respond(other, answer(other, 200, 0)) }, "hub/hank used bytes 0 to 31"},
		"a forged request": {func(a *Auditor) {
			forged := post("a:160:32", "a:192:32")
			forged.From = "mallory"
			a.Answered(forged, answer(forged, 409, 0))
		}, "hub/hank accepted bytes 160 to 191 of block a as a key in a message that client/carol did not send"},
		"a forged answer": {func(a *Auditor) { a.Reached(first, answer(first, 200, 0)) }, "in a message that hub/hank did not send"},
		"the pad of a lost message as a signing key": {func(a *Auditor) {
			forged := post("a:0:32", "a:192:32")
			a.Answered(forged, answer(forged, 409, 0))
		}, "bytes 0 to 31 of block a as a key in a message"},
		"two blocks with the same bytes": {func(a *Auditor) { b, _ := blocks(); b.UUID = "b"; a.Block(b) }, "has bytes of block a"},
		"a block for two":                {func(a *Auditor) { b, _ := blocks(); b.Client = "client/connie"; a.Block(b) }, "was given twice"},
		"the wrong purpose": {func(a *Auditor) {
			a.Block(Block{UUID: "p", Client: "client/carol", Hub: "hub/hank", Owner: "client", Purpose: pad, Data: []byte(strings.Repeat("0123456789abcde", 32))})
			m := post("p:0:32", "")
			a.Sent(m)
			a.Answered(m, answer(m, 200, 0))
		}, "which is for pads, as a key"},
	} {
		a := newAuditor("its")
		a.Sent(first)
		if v := a.Violations(); len(v) != 0 {
			t.Fatal(v)
		}
		test.do(a)
		if v := a.Take(); len(v) != 1 || !strings.Contains(v[0], test.says) {
			t.Errorf("%s: %q", name, v)
		}
		if v := a.Violations(); len(v) != 0 {
			t.Errorf("%s: taken and still there: %q", name, v)
		}
	}
}

// Blocks of no further use are forgotten after a while, and no sooner.
func TestForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuditor("its")
		for at := 0; at < 256; at += 64 {
			m := post(fmt.Sprintf("a:%d:32", at), fmt.Sprintf("a:%d:32", at+32))
			a.deal(m, answer(m, 200, at/2))
		}
		look := func(want int) {
			t.Helper()
			a.Block(Block{UUID: fmt.Sprint(time.Now()), Client: "client/connie", Hub: "hub/hank", Owner: "hub", Data: []byte{1}})
			if len(a.blocks) != want {
				t.Errorf("%d blocks are kept, not %d", len(a.blocks), want)
			}
		}
		time.Sleep(keptFor - 1)
		look(3)
		time.Sleep(time.Nanosecond)
		look(3) // a is gone
		a.End("client/carol", "hub/hank")
		a.End("client/connie", "hub/hank")
		time.Sleep(keptFor)
		look(1)
		if len(a.chunks) != 0 || len(a.doomed) != 0 {
			t.Errorf("%d chunks and %d dooms are kept", len(a.chunks), len(a.doomed))
		}
	})
}

func FuzzMessage(f *testing.F) {
	f.Add("a:0:32%dGFn", `{"encryption_key_allocation":{"fragments":[{"block_uuid":"a","start":32,"size":32}]}}`, 200)
	f.Add("c:0:32%dGFn", `{}`, 404)
	f.Fuzz(func(t *testing.T, signature, body string, status int) {
		a := newAuditor("its")
		request := Message{From: "client/carol", To: "hub/hank", Method: "POST", Signature: signature, Body: []byte(body)}
		a.deal(request, Message{From: "hub/hank", To: "client/carol", Status: status, Signature: signature, Body: []byte(body)})
	})
}

// The fast parser of a body returns what the slow one does, unless no node would accept the body.
func FuzzPadOf(f *testing.F) {
	one := `{"block_uuid":"a","start":32,"size":32}`
	for _, list := range []string{one, one + "," + one, one + " ", "", `{"size":32,"start":32,"block_uuid":"a"}`, `{"block_uuid":"\u0061","start":32,"size":32}`} {
		f.Add(`{"encryption_key_allocation":{"fragments":[` + list + `]},"x":1}`)
	}
	f.Fuzz(func(t *testing.T, body string) {
		var m struct {
			Pad struct {
				Fragments []fragment `json:"fragments"`
			} `json:"encryption_key_allocation"`
		}
		if json.Unmarshal([]byte(body), &m) != nil || len(m.Pad.Fragments) == 0 || strings.Count(body, "encryption_key_allocation") != 1 {
			return
		}
		if got := padOf(nil, []byte(body)); !slices.Equal(got, m.Pad.Fragments) {
			t.Errorf("%q: %v, want %v", body, got, m.Pad.Fragments)
		}
	})
}

// The auditor computes tags as in the contract, which has known answers.
func TestKnownTags(t *testing.T) {
	text, err := os.ReadFile("../../testdata/vectors/its-vectors.json")
	if err != nil {
		t.Fatal(err)
	}
	var vectors struct {
		MACs []struct {
			SigningKey string `json:"signing_key"`
			Context    string `json:"query"` // hex, as all
			Body       string `json:"body"`
			Tag        string `json:"tag"`
		} `json:"macs"`
	}
	if err := json.Unmarshal(text, &vectors); err != nil || len(vectors.MACs) == 0 {
		t.Fatal(err)
	}
	read := func(text string) []byte {
		b, err := hex.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for i, m := range vectors.MACs {
		if got := tagITS(read(m.SigningKey), read(m.Context), read(m.Body)); hex.EncodeToString(got) != m.Tag {
			t.Errorf("%d: %x, want %s", i, got, m.Tag)
		}
	}
}
