package audit

import "testing"

// What is remembered of a message serves for the same message, until others have been sent, and for
// no other one.
func TestRecent(t *testing.T) {
	request := post("a:32:32", "a:0:32")
	request.Path, request.Query = "/share", "x=1"
	response := answer(request, 200, 0)
	for name, change := range map[string]func(request, response *Message){
		"nothing":                 func(*Message, *Message) {},
		"method":                  func(r, _ *Message) { r.Method = "PUT" },
		"path":                    func(r, _ *Message) { r.Path = "/shares" },
		"query":                   func(r, _ *Message) { r.Query = "x=2" },
		"receiver":                func(r, _ *Message) { r.To = "hub/helen" },
		"signature":               func(r, _ *Message) { r.Signature = "a:33:32%dGFn" },
		"body":                    func(r, _ *Message) { r.Body = append(r.Body[:len(r.Body):len(r.Body)], ' ') },
		"status of the response":  func(_, r *Message) { r.Status = 201 },
		"sender of the response":  func(_, r *Message) { r.From = "hub/helen" },
		"body of the response":    func(_, r *Message) { r.Body = []byte("{ }") },
		"place of its signature":  func(_, r *Message) { r.Signature = "c:1:32" + r.Signature[len("c:0:32"):] },
		"request that it answers": func(r, _ *Message) { r.Signature = "a:32:32%dGFm" },
	} {
		a := newAuditor("its")
		a.Sent(request)
		a.send(a.read(&response, &request))
		got, answered := request, response
		change(&got, &answered)
		for _, m := range []struct {
			now, before Message
			to, toFirst *Message
		}{{got, request, nil, nil}, {answered, response, &got, &request}} {
			first, now := a.read(&m.before, m.toFirst), a.read(&m.now, m.to)
			if known := a.recent.find(&m.now, m.to) != nil; known != (first.id == now.id) {
				t.Errorf("%s: a message is known: %v", name, known)
			}
			if id := a.received(&m.now, m.to).id; id != now.id {
				t.Errorf("%s: a message is taken for another one", name)
			}
		}
		if changed := a.recent.find(&got, nil) == nil || a.recent.find(&answered, &got) == nil; changed != (name != "nothing") {
			t.Errorf("%s: a message is taken for another one: %v", name, !changed)
		}
	}
}

// Only so many messages are remembered. One that is not is read again, with the same result.
func TestRecentForgets(t *testing.T) {
	a := newAuditor("its")
	request := post("a:32:32", "a:0:32")
	a.Sent(request)
	sent := a.recent.find(&request, nil).id
	for i := range len(a.recent.sent) {
		if a.recent.find(&request, nil) == nil {
			t.Fatalf("forgotten after %d others", i)
		}
		a.Sent(Message{From: "client/carol", To: "hub/hank", Method: "GET", Query: string(rune('a' + i))})
	}
	if a.recent.find(&request, nil) != nil {
		t.Error("not forgotten")
	}
	a.Answered(request, answer(request, 200, 0))
	if id := a.received(&request, nil).id; id != sent {
		t.Error("read differently the second time")
	}
	if v := a.Violations(); len(v) != 0 {
		t.Error(v)
	}
}
