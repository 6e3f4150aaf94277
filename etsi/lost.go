package etsi

import (
	"net/http"
	"regexp"
	"strings"

	"github.com/labstack/echo/v4"
)

var slashes = regexp.MustCompile(`/+`)

// Tidy returns a path with single slashes in place of repeated ones.
func Tidy(path string) string {
	return strings.TrimSuffix(slashes.ReplaceAllString(path, "/"), "/")
}

// Paths are the paths of a server of keys, below the path where it was registered.
type Paths struct {
	Methods func(path string) string // methods of a path, such as "GET, POST"; "" if there is no such path
	Names   string                   // list of the paths, for people
}

// Lost is the handler for requests without a route; use it for RouteNotFound of [echo.Group], at
// "/*". If the path exists, the method is wrong (405). If it exists except for slashes, the answer
// names it (404). The paths in the answer begin where the server was registered, since callers may
// reach it by another path.
func Lost(known Paths, refusals func(*http.Request) Refusals) echo.HandlerFunc {
	return func(c echo.Context) error {
		path := "/" + c.Param("*")
		e := &Error{Status: http.StatusNotFound, Message: "unknown path; there are " + known.Names}
		tidy := Tidy(path)
		if allowed := known.Methods(path); allowed != "" {
			c.Response().Header().Set("Allow", allowed)
			e = &Error{Status: http.StatusMethodNotAllowed, Message: "wrong method for this path, which has " + allowed}
		} else if known.Methods(tidy) != "" {
			e.Message = "unknown path; what is there is " + tidy
		}
		refusals(c.Request()).Answer(c.Response(), c.Request(), e.with("path", path))
		return nil
	}
}

func paths() Paths {
	return Paths{methodsOf, "/api/v1/keys/{SAE ID}/status, …/enc_keys and …/dec_keys"}
}

func methodsOf(path string) string {
	below, found := strings.CutPrefix(path, "/api/v1/keys/")
	sae, name, also := strings.Cut(below, "/")
	switch {
	case !found || !also || sae == "":
		return ""
	case name == "status":
		return "GET"
	case name == "enc_keys" || name == "dec_keys":
		return "GET, POST"
	}
	return ""
}
