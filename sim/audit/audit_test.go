package audit

import (
	"fmt"
	"strings"
	"testing"
)

// post is a share on its way from carol to hank, with the places of its signing key and its pad.
func post(signature, pad string) Message {
	block, rest, _ := strings.Cut(pad, ":")
	var start, size int
	fmt.Sscanf(rest, "%d:%d", &start, &size)
	body := fmt.Sprintf(`{"encryption_key_allocation":{"fragments":[{"block_uuid":%q,"start":%d,"size":%d}]}}`, block, start, size)
	return Message{From: "client/carol", To: "hub/hank", Method: "POST", Signature: signature + "%" + "dGFn", Body: []byte(body)}
}

func response(signature string) Message {
	return Message{From: "hub/hank", To: "client/carol", Signature: signature + "%dGFn", Body: []byte("{}")}
}

func TestHonestUse(t *testing.T) {
	a := New()
	first, second := post("a:32:32", "a:0:32"), post("a:96:16,b:0:16", "a:64:32")
	a.Request(first)
	a.Response(first, response("c:0:32"))
	a.Request(second)
	a.Request(second) // the same bytes again, since the hub had none for its response
	a.Response(second, response("c:32:32"))
	if v := a.Violations(); len(v) != 0 {
		t.Error(v)
	}
}

func TestViolations(t *testing.T) {
	first := post("a:32:32", "a:0:32")
	other := post("a:128:32", "a:64:32")
	tests := map[string]struct {
		do   func(*Auditor)
		says string
	}{
		"a signing key for two messages": {func(a *Auditor) { a.Request(post("a:63:32", "a:200:32")) }, "twice"},
		"a pad for two messages":         {func(a *Auditor) { a.Request(post("a:128:32", "a:31:32")) }, "twice"},
		"a pad that is the signing key":  {func(a *Auditor) { a.Request(post("a:128:32", "a:128:32")) }, "twice"},
		"a block of the peer":            {func(a *Auditor) { a.Response(first, response("a:128:32")) }, "is used by hub/hank"},
		"a message accepted twice":       {func(a *Auditor) { a.Response(first, response("c:0:32")); a.Response(first, response("c:32:32")) }, "accepted the same POST"},
		"one signature for two responses": {func(a *Auditor) {
			a.Response(first, response("c:0:32"))
			a.Request(other)
			a.Response(other, response("c:0:32"))
		}, "hub/hank used bytes 0 to 31"},
	}
	for name, test := range tests {
		a := New()
		a.Request(first)
		if v := a.Violations(); len(v) != 0 {
			t.Fatal(v)
		}
		test.do(a)
		if v := a.Violations(); len(v) != 1 || !strings.Contains(v[0], test.says) {
			t.Errorf("%s: %q", name, v)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add("a:0:32%dGFn", `{"encryption_key_allocation":{"fragments":[{"block_uuid":"a","start":32,"size":32}]}}`)
	f.Fuzz(func(t *testing.T, signature, body string) {
		a := New()
		a.Request(Message{Signature: signature, Body: []byte(body)})
		a.Request(Message{Signature: signature, Body: []byte(body)})
	})
}
