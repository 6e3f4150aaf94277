package contract

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// Examples returns a request for each operation, in the order of [Contract.Operations]: the one
// that the page of the documentation sends when an operation is tried out unchanged. It fails if
// something required has no example.
func (c *Contract) Examples() ([]*http.Request, error) {
	var requests []*http.Request
	for _, name := range c.Operations() {
		method, path, _ := strings.Cut(name, " ")
		r, err := example(method, path, c.doc.Paths.Find(path))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		requests = append(requests, r)
	}
	return requests, nil
}

func example(method, path string, item *openapi3.PathItem) (*http.Request, error) {
	operation := item.GetOperation(method)
	query, header := url.Values{}, http.Header{}
	for _, ref := range slices.Concat(item.Parameters, operation.Parameters) {
		p := ref.Value
		switch {
		case p.Example == nil && p.Required:
			return nil, fmt.Errorf("no example of %s", p.Name)
		case p.Example == nil:
			continue
		}
		value := strings.Trim(strings.ReplaceAll(fmt.Sprint(p.Example), " ", ","), "[]") // of an array: its items
		switch p.In {
		case openapi3.ParameterInPath:
			path = strings.ReplaceAll(path, "{"+p.Name+"}", url.PathEscape(value))
		case openapi3.ParameterInQuery:
			query.Set(p.Name, value)
		case openapi3.ParameterInHeader:
			header.Set(p.Name, value)
		}
	}
	body, err := exampleBody(operation)
	if err != nil {
		return nil, err
	}
	r := httptest.NewRequest(method, path+"?"+query.Encode(), strings.NewReader(body))
	maps.Copy(r.Header, header)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	return r, nil
}

func exampleBody(operation *openapi3.Operation) (string, error) {
	if operation.RequestBody == nil {
		return "", nil
	}
	media := operation.RequestBody.Value.Content["application/json"]
	value := media.Example
	for _, name := range slices.Sorted(maps.Keys(media.Examples)) {
		if value == nil {
			value = media.Examples[name].Value.Value
		}
	}
	if value == nil {
		return "", fmt.Errorf("no example of the body")
	}
	body, err := json.Marshal(value)
	return string(body), err
}
