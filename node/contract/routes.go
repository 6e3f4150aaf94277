package contract

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

var parameter = regexp.MustCompile(`:(\w+)`)

// Routes returns the routes of a router under a prefix, in the form of [Contract.Operations]. The
// assets of the documentation are not among them, nor is HEAD, which goes with GET.
func Routes(router *echo.Echo, prefix string) []string {
	var routes []string
	for _, route := range router.Routes() {
		path := strings.TrimPrefix(route.Path, prefix)
		// What is no route has an answer, too.
		if path != "/docs/*" && route.Method != http.MethodHead && route.Method != echo.RouteNotFound {
			routes = append(routes, route.Method+" "+parameter.ReplaceAllString(path, "{$1}"))
		}
	}
	slices.Sort(routes)
	return routes
}
