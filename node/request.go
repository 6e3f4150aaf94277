package node

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Request is a request that a node has answered.
type Request struct {
	Method   string // as it came: anything that HTTP lets through
	Route    string // its pattern, such as /client/:client/etsi/api/v1/keys/:sae/status; empty if there is none
	Status   int    // of HTTP
	Start    time.Time
	Duration time.Duration
}

// Observer says who is to be told of a request: it is asked before each, and returns nil if nobody
// is. What it returns is called when the request has been answered, by many goroutines at once; the
// caller of the node waits for it.
type Observer func(*http.Request) func(Request)

// observed tells the observer of the requests.
func (observer Observer) observed(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		tell := observer(c.Request())
		if tell == nil {
			return next(c)
		}
		start := time.Now()
		err := next(c)
		if err != nil {
			c.Error(err) // writes the answer, and so settles the status
		}
		tell(Request{c.Request().Method, c.Path(), c.Response().Status, start, time.Since(start)})
		return err
	}
}
