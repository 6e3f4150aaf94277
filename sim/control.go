package sim

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim/topology"
)

// Overview describes a network: GET /sim/v1/topology.
type Overview struct {
	Threshold int              `json:"threshold"`
	Transport string           `json:"transport"`
	Suite     string           `json:"suite"`
	KeySource string           `json:"key_source"`
	Enrolment string           `json:"enrolment"` // who may register with the hubs: closed or open
	PSRD      topology.PSRD    `json:"psrd"`
	Hubs      []HubOverview    `json:"hubs"`
	Clients   []ClientOverview `json:"clients"`
}

// HubOverview is a hub of the topology.
type HubOverview struct {
	Name    string `json:"name"`
	Running bool   `json:"running"`
	URL     string `json:"url,omitempty"` // base URL, if it runs in another process
}

// ClientOverview is a client of the topology.
type ClientOverview struct {
	Name       string   `json:"name"`
	Running    bool     `json:"running"`
	Encryptors []string `json:"encryptors"` // a client without any has one with its own name
	Hubs       []string `json:"hubs"`
	KMEURL     string   `json:"kme_url,omitempty"` // base URL of the ETSI API and SKIP on the client's own port, if it has one
	Streams    string   `json:"streams,omitempty"` // host and port of its streams of ETSI GS QKD 004, if it has them
	URL        string   `json:"url,omitempty"`     // base URL, if it runs in another process
}

// Overview describes the network as it is now.
func (n *Network) Overview() Overview {
	t := n.config.Topology
	o := Overview{Threshold: t.Threshold, Transport: n.config.Transport, Suite: t.Suite, KeySource: t.KeySource, Enrolment: t.Enrolment, PSRD: t.PSRD}
	for _, h := range n.hubs {
		o.Hubs = append(o.Hubs, HubOverview{h.name(), h.isRunning(), h.elsewhere()})
	}
	for _, c := range n.clients {
		own := c.ports()
		o.Clients = append(o.Clients, ClientOverview{c.name(), c.isRunning(), c.encryptors(), c.topology().Hubs, own.kmeURL, own.streamsAt, c.elsewhere()})
	}
	return o
}

// Nodes returns the names of all nodes, such as hub/hank, hubs first.
func (o Overview) Nodes() []string {
	var names []string
	for _, h := range o.Hubs {
		names = append(names, "hub/"+h.Name)
	}
	for _, c := range o.Clients {
		names = append(names, "client/"+c.Name)
	}
	return names
}

// IsStopped reports whether name, such as hub/hank, is a node of the network that is not running.
func (o Overview) IsStopped(name string) bool {
	isStoppedHub := func(h HubOverview) bool { return "hub/"+h.Name == name && !h.Running }
	isStoppedClient := func(c ClientOverview) bool { return "client/"+c.Name == name && !c.Running }
	return slices.ContainsFunc(o.Hubs, isStoppedHub) || slices.ContainsFunc(o.Clients, isStoppedClient)
}

// API is the OpenAPI description of the network's own interface, in JSON.
//
//go:embed openapi.json
var API string

// newRouter returns the router of the network's own interface.
func (n *Network) newRouter() *node.Router {
	router := node.NewRouter(n.config.Logger, nil)
	g := router.Group("/sim/v1")
	g.GET("/topology", func(c echo.Context) error {
		n.askElsewhere(c.Request().Context(), 0)
		return c.JSON(http.StatusOK, n.Overview())
	})
	g.GET("/nodes/:kind/:name", n.getNode)
	g.GET("/nodes", func(c echo.Context) error { return c.JSON(http.StatusOK, n.Snapshot()) })
	g.POST("/nodes/:kind/:name/start", n.change(func(c echo.Context, name string) error {
		return n.Start(c.Request().Context(), name)
	}))
	g.POST("/nodes/:kind/:name/stop", n.change(func(c echo.Context, name string) error {
		return n.Stop(c.Request().Context(), name)
	}))
	for verb, do := range map[string]func(context.Context, string) error{"crash": n.Crash, "copy": n.Copy, "restore": n.Restore} {
		g.POST("/nodes/:kind/:name/"+verb, n.change(func(c echo.Context, name string) error {
			return do(c.Request().Context(), name)
		}))
	}
	n.mountExperiments(g)
	n.mountOwn(g.Group("/own"))
	return router
}

// change returns a handler that changes a node and answers when the change is complete.
func (n *Network) change(do func(c echo.Context, name string) error) echo.HandlerFunc {
	return func(c echo.Context) error {
		kind, name := c.Param("kind"), c.Param("name")
		err := do(c, kind+"/"+name)
		if errors.Is(err, ErrNoSuchNode) {
			return node.NotFound(kind, name)
		}
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, struct{}{})
	}
}
