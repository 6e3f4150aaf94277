package client

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"dske/protocol"
)

// FuzzHubStarted: whatever a message says about hubs, a client that does not run answers, and
// answers only a correct message with 200.
func FuzzHubStarted(f *testing.F) {
	for _, body := range []string{`{"hub_name": "hank"}`, `{"hub_name": "helga"}`, `{}`, `{"hub_name": 1}`, `null`, ``, "{\"hub_name\": \"\xff\"}",
		`{"hub_name": "hank", "hub_name": "helen"}`, strings.Repeat("[", 4000), strings.Repeat(" ", maxStartedBody+1)} {
		f.Add(body)
	}
	w := newWorld(f)
	c, err := New(w.config("carol", "sam"))
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest(http.MethodPost, "/client/carol"+protocol.PathHubStarted, strings.NewReader(body))
		answer := httptest.NewRecorder()
		c.Handler().ServeHTTP(answer, r)
		switch answer.Code {
		case http.StatusOK:
			var m protocol.HubStarted
			if protocol.Unmarshal([]byte(body), &m) != nil || c.hubNamed(m.HubName) == nil {
				t.Errorf("%q is taken", body)
			}
		case http.StatusBadRequest, http.StatusNotFound, http.StatusRequestEntityTooLarge:
		default:
			t.Errorf("%q: %d %s", body, answer.Code, answer.Body)
		}
	})
}
