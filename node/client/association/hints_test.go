package association

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/psrd"
)

// said returns an unsigned answer.
func said(status int, body string) (*http.Response, error) {
	recorder := httptest.NewRecorder()
	recorder.WriteHeader(status)
	recorder.WriteString(body)
	return recorder.Result(), nil
}

// forge makes the wire answer every message about shares like this. It counts these messages and
// the questions that they lead to.
func (w *world) forge(status int, body string) (questions, messages *int) {
	questions, messages = new(int), new(int)
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		if isInBand(r) {
			*messages++
			return said(status, body)
		}
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, protocol.PathRegistration) {
			*questions++
		}
		return next(r)
	})
	return questions, messages
}

// Forged errors make a client ask the hub, but less and less often. They are not believed, and the
// session stays.
func TestHints(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorldOf(t, protocol.ITS, PSRD{}, time.Second)
		id := uuid.New()
		if err := w.get(id); !errors.Is(err, protocol.ErrUnknownKey) {
			t.Fatalf("a fact is not believed: %v", err)
		}
		session := w.current()
		questions, _ := w.forge(403, `{"message":"Client is not registered.","details":{}}`)
		start := time.Now()
		var at []time.Duration
		for time.Since(start) < 5*time.Minute {
			before := *questions
			err := w.get(id)
			if !errors.Is(err, protocol.ErrUnsigned) || errors.Is(err, protocol.ErrClientNotRegistered) {
				t.Fatalf("got %v", err)
			}
			if *questions > before {
				at = append(at, time.Since(start))
			}
			time.Sleep(100 * time.Millisecond)
		}
		want := []time.Duration{0, 1, 3, 7, 15, 31, 63, 123, 183, 243}
		if len(at) != len(want) {
			t.Fatalf("questions after %v", at)
		}
		for i := range want {
			if at[i].Round(time.Second) != want[i]*time.Second {
				t.Errorf("question %d after %v, want %v", i, at[i], want[i]*time.Second)
			}
		}
		if w.current() != session {
			t.Error("the session is gone")
		}
	})
}

// A hub that has lost its state says so out of band, and the same request registers with it again.
func TestHintThatIsTrue(t *testing.T) {
	w := newWorldOf(t, protocol.ITS, PSRD{}, time.Second)
	if err := w.get(uuid.New()); !errors.Is(err, protocol.ErrUnknownKey) {
		t.Fatal(err)
	}
	session := w.current()
	w.restart()
	if err := w.get(uuid.New()); !errors.Is(err, protocol.ErrUnknownKey) {
		t.Errorf("got %v", err)
	}
	if w.current() == session {
		t.Error("the session is still the same")
	}
}

// An association refuses a hub of another suite or of another version of its suite.
func TestOtherSuiteOfHub(t *testing.T) {
	w := newWorldOf(t, protocol.Python, PSRD{}, time.Second)
	w.Association.config.Suite = protocol.ITS
	if err := w.get(uuid.New()); !errors.Is(err, protocol.ErrSuite) {
		t.Errorf("got %v", err)
	}
	if w.current() != nil {
		t.Error("there is a session")
	}
}

// The same bytes are sent at most three times, however often they seem to be altered on their way.
func TestSameBytes(t *testing.T) {
	w := newWorldOf(t, protocol.ITS, PSRD{}, time.Second)
	if err := w.get(uuid.New()); !errors.Is(err, protocol.ErrUnknownKey) {
		t.Fatal(err)
	}
	_, messages := w.forge(200, `{}`)
	if err := w.get(uuid.New()); !errors.Is(err, protocol.ErrUnsigned) || *messages != maxSent {
		t.Errorf("%d messages: %v", *messages, err)
	}
}

// A block that is used up while the hub's answer to a question is on its way is at both ends.
func TestBlockUsedUpMeanwhile(t *testing.T) {
	w := newWorldOf(t, protocol.ITS, PSRD{BlockSize: 2 * psrd.SlotSize, LowWater: 1, HighWater: psrd.SlotSize}, time.Second)
	get := func() {
		t.Helper()
		if err := w.get(uuid.New()); !errors.Is(err, protocol.ErrUnknownKey) { // signed with a key of the hub
			t.Fatal(err)
		}
	}
	get()
	s := w.current()
	w.onTheWire(func(r *http.Request, next roundTrip) (*http.Response, error) {
		answer, err := next(r)
		if r.Method == http.MethodGet && strings.HasSuffix(r.URL.Path, protocol.PathRegistration) {
			w.onTheWire(nil)
			get()
		}
		return answer, err
	})
	turn, err := w.join(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer turn.leave()
	if seen, isApart, err := turn.compare(t.Context(), s); err != nil || isApart {
		t.Errorf("apart: %v, %v: %+v", isApart, err, seen)
	}
}
