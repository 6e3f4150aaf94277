package node

import "github.com/labstack/echo/v4"

// Strict tells browsers to be strict with what is served: it may load only what the policy lets it (the header
// Content-Security-Policy), and is neither guessed at, nor told to others, nor kept.
func Strict(policy string) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			h := c.Response().Header()
			h.Set("Content-Security-Policy", policy)
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Referrer-Policy", "no-referrer")
			h.Set("Cache-Control", "no-store")
			return next(c)
		}
	}
}
