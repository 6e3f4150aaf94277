package association

import (
	"bytes"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// lie makes the hub answer messages about shares like this, signed.
func (w *world) lie(status int, body string) {
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		if !isInBand(r) {
			return next(r)
		}
		out, err := w.signingHub().Reserve(0)
		if err != nil {
			return nil, err
		}
		recorder := httptest.NewRecorder()
		signature, err := out.SignResponse(protocol.Response{To: r.Header.Get(protocol.SignatureHeader), Status: status, Body: []byte(body)})
		recorder.Header().Set(protocol.SignatureHeader, signature)
		recorder.WriteHeader(status)
		recorder.WriteString(body)
		return recorder.Result(), err
	})
}

// signingHub returns the hub's end of the association, with what is left of the hub's signing keys.
func (w *world) signingHub() *protocol.Channel {
	channel := protocol.NewChannel(w.suite)
	theirs := w.current().channel.PeerKeys.Status()
	for _, b := range w.hub.LeakBlocks("carol") {
		if len(theirs) > 0 && b.UUID == theirs[0].UUID {
			used := theirs[0].Used
			block, err := psrd.OpenBlock(b.UUID, len(b.Data), used, bytes.Clone(b.Data[used:]))
			if err != nil {
				panic(err)
			}
			channel.OwnKeys.Add(block)
			channel.OwnKeys.Raise(b.UUID, len(b.Data))
		}
	}
	return channel
}

// Whatever a hub signs, the signing key is spent, and the answer does not change how the client
// speaks.
func TestOddAnswersOfAHub(t *testing.T) {
	w := newWorldOf(t, protocol.ITS, PSRD{}, time.Minute)
	if _, err := w.deposit(32); err != nil {
		t.Fatal(err)
	}
	session := w.current()
	for _, odd := range []struct {
		status int
		body   string
	}{
		{200, `{"share_index": 999}`},
		{200, `nonsense`},
		{200, `{"key_ids": "", "refused": []}`},
		{400, `{}`},
		{404, `{"message": "I know no such path."}`},
	} {
		w.lie(odd.status, odd.body)
		left := session.channel.PeerKeys.Available()
		if err := w.get(uuid.New()); err == nil {
			t.Errorf("%d %s is no error", odd.status, odd.body)
		}
		two := protocol.GetShares{MasterSAE: "sam", SlaveSAE: "sam", KeyIDs: protocol.KeyIDs{uuid.New(), uuid.New()}}
		err := w.Get(t.Context(), two, func(_ uuid.UUID, _ protocol.Share, err error) { t.Errorf("a share, or %v", err) })
		available, claimed := session.channel.PeerKeys.Levels()
		if err == nil || left-available != 2*protocol.SigningKeySize || claimed != 0 {
			t.Errorf("%d %s: %v, %d bytes are spent and %d claimed", odd.status, odd.body, err, left-available, claimed)
		}
	}
	if session.singly.Load() || w.current() != session {
		t.Error("the client has changed how it speaks")
	}
}

// An answer is not believed if it has any Content-Encoding.
func TestAnswersOfAnotherForm(t *testing.T) {
	for _, values := range [][]string{{"gzip"}, {""}, {"", "gzip"}} {
		if err := answerOfForm(t, protocol.ITS, values); !errors.Is(err, protocol.ErrUnsigned) {
			t.Errorf("Content-Encoding %q: %v", values, err)
		}
		if err := answerOfForm(t, lenient{protocol.ITS}, values); err != nil {
			t.Errorf("a suite that is not strict refuses Content-Encoding %q: %v", values, err)
		}
	}
}

// lenient is a suite that is not strict, so that what the network has added is overlooked.
type lenient struct{ protocol.Suite }

func (s lenient) Rules() protocol.Rules {
	rules := s.Suite.Rules()
	rules.Strict = false
	return rules
}

// answerOfForm fetches a share in an answer with these values of Content-Encoding.
func answerOfForm(t *testing.T, suite protocol.Suite, values []string) error {
	w := newWorldOf(t, suite, PSRD{}, time.Minute)
	id, err := w.deposit(32)
	if err != nil {
		t.Fatal(err)
	}
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		response, err := next(r)
		if isInBand(r) && err == nil {
			response.Header["Content-Encoding"] = values
		}
		return response, err
	})
	return w.get(id)
}
