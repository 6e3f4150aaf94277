package sim

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim/fault"
	"dske/sim/wire"
)

// maxSpec is the largest body of a request for a fault, in bytes.
const maxSpec = 64 << 10

// FaultRequest asks for a fault: POST /sim/v1/faults.
type FaultRequest struct {
	Spec string `json:"spec"` // such as drop to=hub/hank
}

// FaultList is the answer to GET /sim/v1/faults.
type FaultList struct {
	Faults []fault.Status `json:"faults"`
}

// EventList is the answer to GET /sim/v1/events?after=NUMBER, which wants next of an earlier
// answer.
type EventList struct {
	Events []wire.Event `json:"events"`
	Next   int          `json:"next"`
}

// mountExperiments adds what breaks and watches the network.
func (n *Network) mountExperiments(g *echo.Group) {
	g.GET("/faults", func(c echo.Context) error { return c.JSON(http.StatusOK, FaultList{n.Faults()}) })
	g.POST("/faults", n.postFault)
	g.DELETE("/faults", func(c echo.Context) error {
		n.ClearFaults()
		return c.JSON(http.StatusOK, struct{}{})
	})
	g.DELETE("/faults/:id", n.deleteFault)
	g.PUT("/nodes/:kind/:name/corrupt", n.change(func(_ echo.Context, name string) error {
		return n.Corrupt(name)
	}))
	g.DELETE("/nodes/:kind/:name/corrupt", n.change(func(_ echo.Context, name string) error {
		return n.Lie(name, false)
	}))
	g.GET("/events", n.getEvents)
	g.GET("/ready", func(c echo.Context) error {
		return answered(c, n.WaitReady(c.Request().Context()))
	})
	g.GET("/idle", func(c echo.Context) error {
		return answered(c, n.WaitIdle(c.Request().Context()))
	})
}

// answered answers a request that has nothing to tell when it succeeds.
func answered(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}

func (n *Network) postFault(c echo.Context) error {
	body, err := node.ReadBody(c, maxSpec)
	if err != nil {
		return err
	}
	var r FaultRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return badRequest("Malformed message.", err)
	}
	if err := n.wire.AddFault(r.Spec); errors.Is(err, fault.ErrTooMany) {
		return &node.Error{Status: http.StatusServiceUnavailable, Message: "Too many faults.", Details: map[string]any{"limit": fault.MaxFaults}}
	} else if err != nil {
		return badRequest("No such fault.", err)
	}
	return c.JSON(http.StatusOK, struct{}{})
}

func (n *Network) deleteFault(c echo.Context) error {
	id, err := node.Param(c, "id")
	if err == nil {
		err = n.RemoveFault(id)
	}
	if errors.Is(err, ErrNoSuchFault) {
		return &node.Error{Status: http.StatusNotFound, Message: "No such fault.", Details: map[string]any{"id": id}}
	}
	return answered(c, err)
}

func (n *Network) getEvents(c echo.Context) error {
	after := 0
	if text := c.QueryParam("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			return badRequest("Malformed message.", err)
		}
	}
	var list EventList
	list.Events, list.Next = n.wire.Events(after)
	return c.JSON(http.StatusOK, list)
}

func badRequest(message string, reason error) error {
	return &node.Error{Status: http.StatusBadRequest, Message: message, Details: map[string]any{"reason": reason.Error()}}
}
