package node

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// Request is a request that a node has answered.
type Request struct {
	Method   string // as received: anything that HTTP allows
	Route    string // pattern of its route, such as /client/:client/etsi/api/v1/keys/:sae/status; empty if there is none
	Status   int    // of HTTP
	Start    time.Time
	Duration time.Duration
}

// Observer is called before each request. It returns the function to call when the request has been
// answered, or nil if nobody observes it. That function is called by many goroutines concurrently,
// and delays the caller of the node until it returns.
type Observer func(*http.Request) func(Request)

// observe calls the observer, if there is one, for a request that answer answers.
func (observer Observer) observe(c echo.Context, answer func()) {
	var tell func(Request)
	if observer != nil {
		tell = observer(c.Request())
	}
	if tell == nil {
		answer()
		return
	}
	start := time.Now()
	answer()
	tell(Request{c.Request().Method, c.Path(), c.Response().Status, start, time.Since(start)})
}
