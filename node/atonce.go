package node

import (
	"net/http"

	"github.com/labstack/echo/v4"
)

// AtOnce refuses requests, with 503 and the limit, while limit of them are under way. what
// describes the requests in the error, such as "readers".
func AtOnce(limit int, what string) echo.MiddlewareFunc {
	places := make(chan struct{}, limit)
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			select {
			case places <- struct{}{}:
				defer func() { <-places }()
				return next(c)
			default:
				return &Error{Status: http.StatusServiceUnavailable, Message: "Too many " + what + " at once.",
					Details: map[string]any{"limit": limit}}
			}
		}
	}
}
