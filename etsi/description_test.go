package etsi_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// description returns the routes of the OpenAPI document that a client, which serves this package,
// gives of itself.
var description = sync.OnceValue(func() routers.Router {
	data, err := os.ReadFile("../node/client/openapi.json")
	if err != nil {
		panic(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData([]byte(strings.ReplaceAll(string(data), "{prefix}", "/")))
	if err != nil {
		panic(err)
	}
	routes, err := legacy.NewRouter(doc)
	if err != nil {
		panic(err)
	}
	return routes
})

// described passes on the answers of a handler that match the description, and turns any other
// answer into a failure that no test expects. Paths are those of the document.
func described(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		if err := compare(r, answer); err != nil {
			http.Error(w, fmt.Sprintf("not as described: %v\n%s", err, answer.Body), http.StatusTeapot)
			return
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		w.Write(answer.Body.Bytes())
	})
}

// compare returns how an answer differs from its description. A path or method that the document
// does not have, and a failure, are not described.
func compare(r *http.Request, answer *httptest.ResponseRecorder) error {
	route, params, err := description().FindRoute(r)
	if err != nil || answer.Code == http.StatusInternalServerError || answer.Code == http.StatusNotFound {
		if answer.Code < 400 {
			return fmt.Errorf("status %d: %v", answer.Code, err)
		}
		return nil
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true,
		ExcludeResponseBody:   answer.Body.Len() > 1<<20, // would take seconds
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
	}
	response := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options},
		Status:                 answer.Code,
		Header:                 answer.Header(),
		Options:                options,
	}
	return openapi3filter.ValidateResponse(context.Background(), response.SetBodyBytes(answer.Body.Bytes()))
}

func TestDescriptionIsCompared(t *testing.T) {
	for body, want := range map[string]int{
		`{"keys": [{"key_ID": "5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11", "key": "c2VjcmV0IQ=="}]}`: http.StatusOK,
		`{"keys": []}`: http.StatusTeapot,
		`{"keys": [{"key_ID": "5d3d3f39-6a9c-4c0e-8a3e-6f3f2d1f0b11", "key": "c2VjcmV0IQ==", "extra": 1}]}`: http.StatusTeapot,
	} {
		handler := described(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Cache-Control", "no-store")
			w.Write([]byte(body))
		}))
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/etsi/api/v1/keys/sofia/enc_keys", nil))
		if w.Code != want {
			t.Errorf("%s: %d %s, want %d", body, w.Code, w.Body, want)
		}
	}
}
