package sim

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim/fault"
	"dske/sim/wire"
)

// maxSpec is the maximum size of the body of a request for a fault, in bytes.
const maxSpec = 64 << 10

// FaultRequest is the body of POST /sim/v1/faults, which adds a fault.
type FaultRequest struct {
	Spec string `json:"spec"` // such as drop to=hub/hank
}

// FaultList is the answer to GET /sim/v1/faults.
type FaultList struct {
	Faults []fault.Status `json:"faults"`
}

// EventList is the answer to GET /sim/v1/events?after=NUMBER, where NUMBER is Next of an earlier
// answer.
type EventList struct {
	Events []wire.Event `json:"events"`
	Next   int          `json:"next"`
}

// mountExperiments adds the routes for faults and events.
func (n *Network) mountExperiments(g *echo.Group) {
	g.GET("/faults", func(c echo.Context) error {
		n.CatchUp(c.Request().Context())
		return c.JSON(http.StatusOK, FaultList{n.Faults()})
	})
	g.POST("/faults", n.postFault)
	g.DELETE("/faults", n.deleteFaults)
	g.DELETE("/faults/:id", n.deleteFault)
	g.PUT("/nodes/:kind/:name/corrupt", n.change(func(_ echo.Context, name string) error {
		return n.Corrupt(name)
	}))
	g.DELETE("/nodes/:kind/:name/corrupt", n.change(func(_ echo.Context, name string) error {
		return n.Lie(name, false)
	}))
	g.GET("/events", n.getEvents)
	g.GET("/ready", func(c echo.Context) error {
		if err := n.WaitReady(c.Request().Context()); err != nil {
			return err
		}
		return answerEmpty(c, n.waitElsewhere(c.Request().Context(), "/ready"))
	})
	g.GET("/idle", func(c echo.Context) error {
		return answerEmpty(c, n.WaitIdle(c.Request().Context()))
	})
}

// mountOwn adds the routes with which a process reports and changes only its own nodes.
func (n *Network) mountOwn(g *echo.Group) {
	g.GET("/ready", func(c echo.Context) error { return answerEmpty(c, n.WaitReady(c.Request().Context())) })
	g.GET("/idle", func(c echo.Context) error { return answerEmpty(c, n.waitIdleHere(c.Request().Context())) })
	g.GET("/messages", n.getMessages)
	g.GET("/faults", func(c echo.Context) error {
		list := ownFaults{Faults: n.faultsHere()}
		list.Removed = n.wire.RemovedFaults() // after the faults: what was removed meanwhile is in both
		return c.JSON(http.StatusOK, list)
	})
	g.PUT("/faults/:id", func(c echo.Context) error {
		id, err := node.Param(c, "id")
		if err != nil {
			return err
		}
		_, err = n.addFault(c, id)
		return answerEmpty(c, err)
	})
	g.DELETE("/faults/:id", n.deleteFaultHere)
	g.DELETE("/faults", func(c echo.Context) error {
		n.ClearFaults()
		return answerEmpty(c, nil)
	})
}

// answerEmpty answers a request with no result on success.
func answerEmpty(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}

// postFault adds a fault to all processes, since it must be in the process of a message's sender.
// So it is either in all processes or in none.
func (n *Network) postFault(c echo.Context) error {
	id := "" // assigned below if the network is one process
	if n.IsPart() {
		id = strings.ToLower(rand.Text()[:sharedID]) // not of a seed, which all processes may have
	}
	spec, err := n.addFault(c, id)
	if err == nil {
		err = n.addFaultElsewhere(c.Request().Context(), id, spec)
		if err != nil {
			err = errors.Join(err, n.removeFault(c.Request().Context(), id))
		}
	}
	return answerEmpty(c, err)
}

// addFault adds the fault that a request describes to this process, and returns its text.
func (n *Network) addFault(c echo.Context, id string) (spec string, err error) {
	body, err := node.ReadBody(c, maxSpec)
	if err != nil {
		return "", err
	}
	var r FaultRequest
	if err := json.Unmarshal(body, &r); err != nil {
		return "", badRequest("Malformed message.", err)
	}
	if err := n.wire.AddFaultAs(id, r.Spec); errors.Is(err, fault.ErrTooMany) {
		return "", &node.Error{Status: http.StatusServiceUnavailable, Message: "Too many faults.", Details: map[string]any{"limit": fault.MaxFaults}}
	} else if err != nil {
		return "", badRequest("No such fault.", err)
	}
	return r.Spec, nil
}

func (n *Network) deleteFaults(c echo.Context) error {
	faults := n.wire.Faults()
	n.ClearFaults()
	return answerEmpty(c, n.everywhere(c.Request().Context(), func(ctx context.Context, _ string, r Remote) error {
		for _, f := range faults { // by ID, too: a process that starts may be about to learn of them
			if isShared(f.ID) {
				_ = r.Delete(ctx, "/faults/"+url.PathEscape(f.ID)) // most have removed it
			}
		}
		return r.Delete(ctx, "/faults")
	}))
}

// removeFault removes a fault from all processes. It fails if none has it.
func (n *Network) removeFault(ctx context.Context, id string) error {
	err := n.RemoveFault(id)
	if !n.IsPart() || strings.HasPrefix(id, lieID) {
		return err
	}
	var found atomic.Bool
	found.Store(err == nil)
	n.everywhere(ctx, func(ctx context.Context, _ string, r Remote) error { // a process that refuses does not have it
		if r.Delete(ctx, "/faults/"+url.PathEscape(id)) == nil {
			found.Store(true)
		}
		return nil
	})
	if found.Load() {
		return nil
	}
	return err
}

func (n *Network) deleteFault(c echo.Context) error {
	return n.answerRemoved(c, func(id string) error { return n.removeFault(c.Request().Context(), id) })
}

func (n *Network) deleteFaultHere(c echo.Context) error { return n.answerRemoved(c, n.RemoveFault) }

func (n *Network) answerRemoved(c echo.Context, remove func(id string) error) error {
	id, err := node.Param(c, "id")
	if err == nil {
		err = remove(id)
	}
	if errors.Is(err, ErrNoSuchFault) {
		return &node.Error{Status: http.StatusNotFound, Message: "No such fault.", Details: map[string]any{"id": id}}
	}
	return answerEmpty(c, err)
}

func (n *Network) getEvents(c echo.Context) error {
	after := 0
	if text := c.QueryParam("after"); text != "" {
		var err error
		if after, err = strconv.Atoi(text); err != nil {
			return badRequest("Malformed message.", err)
		}
	}
	n.CatchUp(c.Request().Context())
	var list EventList
	list.Events, list.Next = n.wire.Events(after)
	return c.JSON(http.StatusOK, list)
}

func badRequest(message string, reason error) error {
	return &node.Error{Status: http.StatusBadRequest, Message: message, Details: map[string]any{"reason": reason.Error()}}
}
