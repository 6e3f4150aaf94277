package scenario

import (
	"net/http"
	"testing"
)

// sendAs sends a request from any node of the scenario's own network.
func (w *world) sendAs(t *testing.T, from, path string, header http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.remote.URL+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = header
	response, err := w.http(from).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
}
