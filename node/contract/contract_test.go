package contract

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/labstack/echo/v4"
)

const description = `{
  "openapi": "3.0.3", "info": {"title": "pets", "version": "1"}, "servers": [{"url": "/zoo"}],
  "paths": {
    "/pets/{name}": {"get": {
      "parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string", "maxLength": 5}}],
      "responses": {
        "200": {"description": "a pet", "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Pet"}}}},
        "404": {"description": "no pet"},
        "503": {"$ref": "#/components/responses/Stopped"}
      }
    }}
  },
  "components": {
    "responses": {"Stopped": {"description": "closed"}},
    "schemas": {
      "Pet": {"type": "object", "required": ["legs"], "properties": {"legs": {"type": "integer"}}, "additionalProperties": false},
      "Error": {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}, "additionalProperties": false}
    }
  }
}`

// zoo serves a description, a page and a style sheet.
type zoo struct{ description, page, style string }

func (z zoo) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.WriteString(w, map[string]string{"/zoo/openapi.json": z.description, "/zoo/docs": z.page, "/zoo/a.css": z.style}[r.URL.Path])
}

func TestCheck(t *testing.T) {
	c, err := Fetch(zoo{description: description}, "/zoo/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path   string
		status int
		body   string
		want   string // part of the error; empty: no error
	}{
		{"/zoo/pets/rex", 200, `{"legs": 4}`, ""},
		{"/zoo/pets/rex", 200, `{"legs": "four"}`, "integer"},
		{"/zoo/pets/rex", 200, `{"legs": 4, "tails": 1}`, "tails"},
		{"/zoo/pets/caesar", 200, `{"legs": 4}`, "maximum string length"},
		{"/zoo/pets/rex", 418, `{}`, "status is not supported"},
		{"/zoo/plants", 404, `{"message": "No."}`, ""},
		{"/zoo/plants", 404, `{"massage": "No."}`, "massage"},
		{"/zoo/plants", 404, `No.`, "invalid character"},
		{"/zoo/plants", 200, `{}`, "not described"},
	} {
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(test.status)
		io.WriteString(w, test.body)
		err := c.Check(httptest.NewRequest("GET", test.path, nil), w)
		if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %d %s: %v", test.path, test.status, test.body, err)
		}
	}
	if unseen := c.Unseen(); !slices.Equal(unseen, []string{"GET /pets/{name} 404"}) {
		t.Errorf("unseen: %q", unseen)
	}
	router := echo.New()
	for _, path := range []string{"/zoo/pets/:name", "/zoo/docs/*"} {
		router.GET(path, func(echo.Context) error { return nil })
	}
	if routes := Routes(router, "/zoo"); !slices.Equal(routes, c.Operations()) {
		t.Errorf("routes %q, operations %q", routes, c.Operations())
	}
}

func TestFetchRefuses(t *testing.T) {
	for _, text := range []string{"", `{"openapi": "3.0.3"}`, strings.Replace(description, `"name": "name"`, `"name": "nom"`, 1)} {
		if _, err := Fetch(zoo{description: text}, "/zoo/openapi.json"); err == nil {
			t.Errorf("accepted: %s", text)
		}
	}
	if _, err := Fetch(http.NotFoundHandler(), "/zoo/openapi.json"); err == nil {
		t.Error("accepted although it is not there")
	}
}

func TestCheckDocs(t *testing.T) {
	const page = `<link href="/zoo/a.css"><img src="/zoo/a.css"><img src="/zoo/a.css"><img src="/zoo/a.css"> "swaggerJsonUrl":"/zoo/openapi.json"`
	good := zoo{description, page, "p { color: red }"}
	if err := CheckDocs(good, "/zoo"); err != nil {
		t.Error(err)
	}
	for name, bad := range map[string]zoo{
		"other host": {description, page + `<img src="https://example.com/a.png">`, good.style},
		"absent":     {description, page + `<img src="/zoo/b.css">`, good.style},
		"elsewhere":  {description, page + `<img src="/farm/a.css">`, good.style},
		"import":     {description, page, `@import "a"`},
		"no page":    {description, "", good.style},
	} {
		if CheckDocs(bad, "/zoo") == nil {
			t.Errorf("accepted: %s", name)
		}
	}
}

func TestExamples(t *testing.T) {
	c, err := Parse([]byte(`{
		"openapi": "3.0.3", "info": {"title": "pets", "version": "1"}, "servers": [{"url": "/"}],
		"paths": {"/pets/{name}": {
			"parameters": [{"name": "name", "in": "path", "required": true, "schema": {"type": "string"}, "example": "rex/1"}],
			"get": {
				"parameters": [
					{"name": "toys", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}, "explode": false, "example": ["ball", "bone"]},
					{"name": "Mood", "in": "header", "schema": {"type": "string"}, "example": "good"},
					{"name": "age", "in": "query", "schema": {"type": "integer"}}
				],
				"responses": {"200": {"description": "a pet"}}
			},
			"put": {
				"requestBody": {"content": {"application/json": {"schema": {"type": "object"}, "examples": {"b": {"value": {"legs": 2}}, "a": {"value": {"legs": 4}}}}}},
				"responses": {"200": {"description": "a pet"}}
			}
		}}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	requests, err := c.Examples()
	if err != nil || len(requests) != 2 {
		t.Fatalf("%v, %v", requests, err)
	}
	get, put := requests[0], requests[1]
	if get.URL.String() != "/pets/rex%2F1?toys=ball%2Cbone" || get.Header.Get("Mood") != "good" {
		t.Errorf("GET %s, %v", get.URL, get.Header)
	}
	if body, err := io.ReadAll(put.Body); err != nil || string(body) != `{"legs":4}` || put.Header.Get("Content-Type") != "application/json" {
		t.Errorf("PUT %s, %v, %v", body, put.Header, err)
	}
}

func TestExamplesAreMissing(t *testing.T) {
	for _, operation := range []string{
		`"get": {"parameters": [{"name": "age", "in": "query", "required": true, "schema": {"type": "integer"}}], "responses": {"200": {"description": "a pet"}}}`,
		`"put": {"requestBody": {"content": {"application/json": {"schema": {"type": "object"}}}}, "responses": {"200": {"description": "a pet"}}}`,
	} {
		c, err := Parse([]byte(`{"openapi": "3.0.3", "info": {"title": "pets", "version": "1"}, "paths": {"/pets": {` + operation + `}}}`))
		if err != nil {
			t.Fatal(err)
		}
		if requests, err := c.Examples(); err == nil {
			t.Errorf("%s: %v", operation, requests)
		}
	}
}
