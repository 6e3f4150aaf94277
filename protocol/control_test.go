package protocol

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/psrd"
)

var controlBlock = uuid.MustParse("00000000-0000-4000-8000-00000000000c")

// controls returns the ends of a client and of a hub, with pairs from these marks on.
func controls(t *testing.T, client, hub int) (*Control, *Control) {
	t.Helper()
	data := make([]byte, 4*PairSize)
	for i := range data {
		data[i] = byte(i)
	}
	c, err := NewControl(ITS, true, controlBlock, len(data), client, slices.Clone(data[client:]))
	if err != nil {
		t.Fatal(err)
	}
	h, err := NewControl(ITS, false, controlBlock, len(data), hub, slices.Clone(data[hub:]))
	if err != nil {
		t.Fatal(err)
	}
	return c, h
}

func marksRequest(text string) Request {
	return Request{Method: "POST", Path: PathSignedMarks, Body: []byte(text)}
}

// A request and its answer are accepted once, unaltered.
func TestControl(t *testing.T) {
	client, hub := controls(t, 0, 0)
	for i := range 3 {
		q, err := client.Reserve()
		if err != nil {
			t.Fatal(err)
		}
		if block, end := q.End(); block != controlBlock || end != (i+1)*PairSize {
			t.Fatalf("pair %d ends at %d of %v", i, end, block)
		}
		header, err := q.SignRequest(marksRequest("marks"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hub.VerifyRequest([]string{header}, marksRequest("other")); !errors.Is(err, ErrSignature) {
			t.Errorf("an altered request: %v", err)
		}
		a, err := hub.VerifyRequest([]string{header}, marksRequest("marks"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hub.VerifyRequest([]string{header}, marksRequest("marks")); !errors.Is(err, psrd.ErrUsed) {
			t.Errorf("a request that comes again: %v", err)
		}
		answer, err := a.SignResponse(200, []byte("kept"))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.SignResponse(200, []byte("more")); !errors.Is(err, psrd.ErrUsed) {
			t.Errorf("a second answer: %v", err)
		}
		if err := q.VerifyResponse([]string{header}, 200, []byte("kept")); !errors.Is(err, ErrSignature) {
			t.Errorf("an answer with the slot of the request: %v", err)
		}
		if err := q.VerifyResponse([]string{answer}, 200, []byte("kept")); err != nil {
			t.Errorf("the answer: %v", err)
		}
	}
}

// The answer to one request is not accepted for another, whatever its status or body.
func TestControlAnswerIsBound(t *testing.T) {
	for name, change := range map[string]func(string, *int, *[]byte) string{
		"status": func(s string, status *int, _ *[]byte) string { *status = 409; return s },
		"body":   func(s string, _ *int, body *[]byte) string { *body = []byte("kepT"); return s },
		"slot":   func(s string, _ *int, _ *[]byte) string { return strings.Replace(s, ":32:32", ":96:32", 1) },
		"tag":    func(s string, _ *int, _ *[]byte) string { return s[:len(s)-3] + "A==" },
	} {
		t.Run(name, func(t *testing.T) {
			client, hub := controls(t, 0, 0)
			q, _ := client.Reserve()
			header, _ := q.SignRequest(marksRequest("marks"))
			a, err := hub.VerifyRequest([]string{header}, marksRequest("marks"))
			if err != nil {
				t.Fatal(err)
			}
			status, body := 200, []byte("kept")
			signed, _ := a.SignResponse(status, body)
			if err := q.VerifyResponse([]string{change(signed, &status, &body)}, status, body); !errors.Is(err, ErrSignature) && !errors.Is(err, ErrMalformed) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// A client whose old state was put back signs with slots that the hub has stored as spent.
func TestControlOfPutBackClient(t *testing.T) {
	client, hub := controls(t, 0, 2*PairSize)
	for i := range 4 {
		q, err := client.Reserve()
		if err != nil {
			t.Fatal(err)
		}
		header, _ := q.SignRequest(marksRequest("marks"))
		_, err = hub.VerifyRequest([]string{header}, marksRequest("marks"))
		if used := errors.Is(err, psrd.ErrUsed); used != (i < 2) || !used && err != nil {
			t.Errorf("pair %d: %v", i, err)
		}
	}
	if _, err := client.Reserve(); !errors.Is(err, psrd.ErrExhausted) {
		t.Errorf("a pair too many: %v", err)
	}
}

// Anything that is not a pair, or not a block of pairs, is refused.
func TestControlRefuses(t *testing.T) {
	client, hub := controls(t, 0, 0)
	q, _ := client.Reserve()
	header, _ := q.SignRequest(marksRequest("marks"))
	second := strings.Replace(header, ":0:32", ":32:32", 1)
	pieces := strings.Replace(header, ":0:32", ":0:16,"+controlBlock.String()+":16:16", 1)
	for _, values := range [][]string{nil, {header, header}, {second}, {pieces}, {"x"}} {
		if _, err := hub.VerifyRequest(values, marksRequest("marks")); err == nil {
			t.Errorf("%q was believed", values)
		}
	}
	if _, err := NewControl(ITS, true, controlBlock, 96, 0, make([]byte, 96)); !errors.Is(err, psrd.ErrNotSlot) {
		t.Errorf("a block of one pair and a half: %v", err)
	}
	q.Discard()
	if _, err := q.SignRequest(marksRequest("marks")); !errors.Is(err, psrd.ErrUsed) {
		t.Errorf("a pair that was discarded: %v", err)
	}
}
