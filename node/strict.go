package node

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Closed is the policy for responses that are not pages: a browser loads nothing for them, and
// shows them in no frame.
const Closed = "default-src 'none'; frame-ancestors 'none'"

// Strict makes browsers treat responses strictly: they may load only what the policy allows
// (Content-Security-Policy), and must not guess types, send referrers or keep the response.
func Strict(policy string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			BeStrict(c.Response().Header(), policy)
			return next(c)
		}
	}
}

// BeStrict is like [Strict], for the header of one response.
func BeStrict(h http.Header, policy string) {
	SetHeader(h,
		"Content-Security-Policy", policy,
		"X-Content-Type-Options", "nosniff",
		"Referrer-Policy", "no-referrer",
		"Cache-Control", "no-store")
}
