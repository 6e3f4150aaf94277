package contract

import (
	"regexp"
	"slices"
	"strings"

	"github.com/labstack/echo/v4"
)

var parameter = regexp.MustCompile(`:(\w+)`)

// Routes returns the routes of a router under a prefix, in the form of [Contract.Operations]. The assets of the
// documentation are not among them.
func Routes(router *echo.Echo, prefix string) []string {
	var routes []string
	for _, route := range router.Routes() {
		path := strings.TrimPrefix(route.Path, prefix)
		if path != "/docs/*" && route.Method != echo.RouteNotFound { // which answers what is no route
			routes = append(routes, route.Method+" "+parameter.ReplaceAllString(path, "{$1}"))
		}
	}
	slices.Sort(routes)
	return routes
}
