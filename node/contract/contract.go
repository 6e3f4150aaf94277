// Package contract checks a router against its OpenAPI description. It is for tests: hubs, clients
// and the network's own interface have a description each, and so has the port as a whole.
package contract

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"
)

// maxChecked is the size in bytes up to which the body of a response is compared; a larger body
// would take seconds.
const maxChecked = 1 << 20

// Contract is an OpenAPI description, with a record of the responses that have occurred.
type Contract struct {
	doc    *openapi3.T
	routes routers.Router
	seen   map[string]bool // METHOD /path status
}

// Fetch is like [Parse], for the description that a handler serves at a path.
func Fetch(handler http.Handler, path string) (*Contract, error) {
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	if w.Code != http.StatusOK {
		return nil, fmt.Errorf("GET %s: %d %s", path, w.Code, w.Body)
	}
	return Parse(w.Body.Bytes())
}

// Parse reads a description. It fails if the description is not valid.
func Parse(description []byte) (*Contract, error) {
	doc, err := openapi3.NewLoader().LoadFromData(description)
	if err != nil {
		return nil, err
	}
	routes, err := legacy.NewRouter(doc) // validates the document and its examples
	if err != nil {
		return nil, err
	}
	return &Contract{doc, routes, map[string]bool{}}, nil
}

// Check returns how a response, or the request of a successful one, differs from the description. A
// response to a request that is not described must be an error, in the form of its schema Error.
// The body of the request must not have been read.
func (c *Contract) Check(r *http.Request, w *httptest.ResponseRecorder) error {
	route, params, err := c.routes.FindRoute(r)
	if err != nil {
		return c.checkError(r, w)
	}
	c.seen[fmt.Sprint(route.Method, " ", route.Path, " ", w.Code)] = true
	options := &openapi3filter.Options{
		IncludeResponseStatus: true,
		ExcludeResponseBody:   !strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") || w.Body.Len() > maxChecked,
		AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
	}
	request := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route, Options: options}
	if w.Code == http.StatusOK {
		if err := openapi3filter.ValidateRequest(context.Background(), request); err != nil {
			return err
		}
	}
	response := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: request,
		Status:                 w.Code,
		Header:                 w.Header(),
		Options:                options,
	}
	return openapi3filter.ValidateResponse(context.Background(), response.SetBodyBytes(w.Body.Bytes()))
}

// checkError compares an error with the schema Error, or with the schema of the interfaces for
// encryptors.
func (c *Contract) checkError(r *http.Request, w *httptest.ResponseRecorder) error {
	if w.Code < 400 {
		return fmt.Errorf("status %d of a route that is not described", w.Code)
	}
	var body any
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		return err
	}
	name := "Error"
	if strings.Contains(r.URL.Path, "/etsi/") || strings.Contains(r.URL.Path, "/skip/") {
		name = "ETSIError"
	}
	return c.doc.Components.Schemas[name].Value.VisitJSON(body)
}

// Shares makes responses that one contract has seen count for the other: for two nodes of a kind,
// whose descriptions differ only in the name.
func (c *Contract) Shares(other *Contract) { c.seen = other.seen }

// Unseen returns the described responses, such as GET /docs 200, that have not occurred, sorted. It
// leaves out those called Stopped, which the network gives in place of the node.
func (c *Contract) Unseen() []string {
	var unseen []string
	c.each(func(name string, operation *openapi3.Operation) {
		for status, response := range operation.Responses.Map() {
			if !c.seen[name+" "+status] && !strings.HasSuffix(response.Ref, "Stopped") {
				unseen = append(unseen, name+" "+status)
			}
		}
	})
	slices.Sort(unseen)
	return unseen
}

// Operations returns the described operations, such as GET /docs, sorted.
func (c *Contract) Operations() []string {
	var operations []string
	c.each(func(name string, _ *openapi3.Operation) { operations = append(operations, name) })
	slices.Sort(operations)
	return operations
}

func (c *Contract) each(f func(name string, operation *openapi3.Operation)) {
	paths := c.doc.Paths.Map()
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		for method, operation := range paths[path].Operations() {
			f(method+" "+path, operation)
		}
	}
}
