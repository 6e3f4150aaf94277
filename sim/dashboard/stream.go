package dashboard

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"dske/sim"
)

const (
	batchTime   = 250 * time.Millisecond // time between two batches of messages
	statePeriod = 4                      // number of batches between two states
)

// introduction is what a page must know first.
type introduction struct {
	sim.Overview
	Network   string   `json:"network"`    // changes with the topology
	Viewer    bool     `json:"viewer"`     // the page may change nothing
	FaultHelp []string `json:"fault_help"` // a line for each kind of fault
}

// stream reports events to a page, as server-sent events: first the network, the kept exchanges and
// the refused requests; then the state every second, and new messages and exchanges every quarter
// of a second.
func (d *dashboard) stream(c echo.Context) error {
	c.Response().Header().Set(echo.HeaderContentType, "text/event-stream")
	c.Response().Header().Set("X-Accel-Buffering", "no") // otherwise nginx in front would hold events back
	feed := newFeed(d.network, d.book)
	defer feed.stop()
	d.network.CatchUp(c.Request().Context()) // from now on, other processes record messages too
	overview := d.network.Overview()
	states := &states{dashboard: d, feed: feed, matrix: newMatrix(overview, columnsOf(c))}
	ticker := time.NewTicker(1 + rand.N(batchTime)) // pages that were opened at once do not write at once
	defer ticker.Stop()
	changed, unwatch := d.attack.Watch()
	defer unwatch()
	if err := d.introduce(c, overview); err != nil {
		return err
	}
	for tick, last := 0, ""; ; tick++ {
		signs := d.signs()
		if tick%statePeriod == 0 || signs != last {
			last = signs
			if err := sendState(c, states); err != nil {
				return err
			}
		}
		if err := sendNews(c, feed); err != nil {
			return err
		}
		select {
		case <-changed:
			if err := send(c, "attack", d.attack.Owns()); err != nil {
				return err
			}
		case <-ticker.C:
			ticker.Reset(batchTime)
		case <-c.Request().Context().Done():
			return nil
		}
	}
}

func (d *dashboard) introduce(c echo.Context, o sim.Overview) error {
	if err := send(c, "introduction", d.introductionOf(o, sim.IsViewer(c.Request()))); err != nil {
		return err
	}
	for _, x := range d.book.Kept() {
		if err := send(c, "exchange", x); err != nil {
			return err
		}
	}
	if err := send(c, "attack", d.attack.Owns()); err != nil {
		return err
	}
	if refused := d.book.Refusals(); len(refused) > 0 {
		return send(c, "traffic", traffic{Events: refused})
	}
	return nil
}

func sendState(c echo.Context, states *states) error {
	now, levels := states.next()
	if levels != nil {
		if err := send(c, "levels", levels); err != nil {
			return err
		}
	}
	return send(c, "state", now)
}

func sendNews(c echo.Context, feed *feed) error {
	traffic, exchanges := feed.take()
	for _, x := range exchanges {
		if err := send(c, "exchange", x); err != nil {
			return err
		}
	}
	if len(traffic.Events) == 0 {
		return nil
	}
	return send(c, "traffic", traffic)
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
