package etsi_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
)

type answering func(*http.Request) (*http.Response, error)

func (f answering) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzAnswer has a KME give arbitrary answers. A client then has the keys that it asked for, or an
// error.
func FuzzAnswer(f *testing.F) {
	id := uuid.MustParse("5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11")
	for _, body := range []string{"", "{}", "null", "[]", `{"keys": null}`, `{"keys": [null]}`, `{"keys": [{}]}`, `{"keys": {}}`, `{"message": 1}`, `{"message": "no", "details": [{}, null]}`,
		`{"keys": [{"key_ID": "` + id.String() + `", "key": "AAAA"}]}`, `{"keys": [{"key_ID": "` + id.String() + `", "key": "A"}]}`, `{"keys": [{"key_ID": "x", "key": "AAAA"}]}`,
		`{"key_size": -1}`, `{"key_size": 1e400}`, strings.Repeat("[", 4000)} {
		for _, status := range []int{200, 400, 401, 503, 204, 999} {
			f.Add(status, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		kme := answering(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: status, Body: io.NopCloser(bytes.NewReader(body))}, nil
		})
		client := etsi.Client{URL: "http://kme", SAE: "sam", HTTP: &http.Client{Transport: kme}}
		made, err := client.GetKey(t.Context(), "sofia", etsi.KeyRequest{})
		checkAnswer(t, status, err)
		if err == nil && len(made) != 1 {
			t.Errorf("%d keys", len(made))
		}
		fetched, err := client.GetKeyWithKeyIDs(t.Context(), "sofia", id)
		checkAnswer(t, status, err)
		if err == nil && (len(fetched) != 1 || fetched[0].ID != id) {
			t.Errorf("%d keys, not %v", len(fetched), id)
		}
		_, err = client.Status(t.Context(), "sofia")
		checkAnswer(t, status, err)
	})
}

// checkAnswer fails the test unless a refusal is returned as an Error with its status.
func checkAnswer(t *testing.T, status int, err error) {
	t.Helper()
	var refused *etsi.Error
	if isRefused := errors.As(err, &refused); status != http.StatusOK && (!isRefused || refused.Status != status) {
		t.Errorf("status %d is %v", status, err)
	}
}
