package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"dske/sim"
	"dske/sim/fault"
)

const (
	batchTime   = 250 * time.Millisecond // between two batches of messages
	statePeriod = 4                      // batches between two states
)

// introduction is what a page has to know before anything else.
type introduction struct {
	sim.Overview
	FaultHelp []string `json:"fault_help"` // the kinds of faults, a line each
}

// stream tells a page what happens, in server-sent events: first the network, then every second its state, and
// every quarter of one, if there were any, the messages between the nodes.
func (d *dashboard) stream(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
	feed := newFeed(d.network)
	defer feed.stop()
	states := &states{network: d.network, feed: feed}
	ticker := time.NewTicker(batchTime)
	defer ticker.Stop()
	if err := send(c, "network", introduction{d.network.Overview(), fault.Help()}); err != nil {
		return err
	}
	for tick := 0; ; tick++ {
		if tick%statePeriod == 0 {
			if err := send(c, "state", states.next()); err != nil {
				return err
			}
		}
		if t := feed.take(); len(t.Events) > 0 {
			if err := send(c, "traffic", t); err != nil {
				return err
			}
		}
		select {
		case <-ticker.C:
		case <-c.Request().Context().Done():
			return nil
		}
	}
}

// send writes one event.
func send(c echo.Context, name string, content any) error {
	body, err := json.Marshal(content)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(c.Response(), "event: %s\ndata: %s\n\n", name, body); err != nil {
		return err
	}
	return http.NewResponseController(c.Response().Writer).Flush()
}
