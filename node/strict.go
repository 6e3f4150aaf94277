package node

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// Closed is the policy for what is no page: a browser loads nothing for it, and shows it in no
// frame.
const Closed = "default-src 'none'; frame-ancestors 'none'"

// Strict tells browsers to be strict with what is served: it may load only what the policy lets it
// (the header Content-Security-Policy), and is neither guessed at, nor told to others, nor kept.
func Strict(policy string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			BeStrict(c.Response().Header(), policy)
			return next(c)
		}
	}
}

// BeStrict is [Strict] for the header of one response.
func BeStrict(h http.Header, policy string) {
	SetHeader(h,
		"Content-Security-Policy", policy,
		"X-Content-Type-Options", "nosniff",
		"Referrer-Policy", "no-referrer",
		"Cache-Control", "no-store")
}
