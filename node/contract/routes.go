package contract

import (
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

var parameter = regexp.MustCompile(`:(\w+)`)

// Routes returns the routes of a router under a prefix, in the form of [Contract.Operations]. It
// leaves out the assets of the documentation, and HEAD, which comes with GET.
func Routes(router *echo.Echo, prefix string) []string {
	var routes []string
	for _, route := range router.Routes() {
		path := strings.TrimPrefix(route.Path, prefix)
		// Paths without a route have a handler, too.
		if path != "/docs/*" && route.Method != http.MethodHead && route.Method != echo.RouteNotFound {
			routes = append(routes, route.Method+" "+parameter.ReplaceAllString(path, "{$1}"))
		}
	}
	slices.Sort(routes)
	return routes
}
