// Package docs documents the whole port. It combines the OpenAPI descriptions of hubs, of clients,
// of the network's own interface and of its pages, fills in the names of the nodes and encryptors,
// and shows the result on a page from which requests can be sent.
package docs

import (
	_ "embed"
	"net/http"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/node/client"
	"dske/node/hub"
	"dske/sim"
)

//go:embed openapi.json
var pages string

// Mount adds /docs and /openapi.json to the router of a network's port; see [sim.Config.Pages].
func Mount(n *sim.Network, router *echo.Echo) {
	root := router.Group("")
	node.Page(root, "/openapi.json", func(c echo.Context) error {
		api, err := Describe(n.Overview())
		if err != nil {
			return err
		}
		return c.JSON(http.StatusOK, api)
	})
	node.MountDocs(root, func(*http.Request) (title, prefix string) { return "DSKE network", "" })
}

// Describe returns the OpenAPI description of the port of a network, as a value to encode in JSON.
func Describe(o sim.Overview) (any, error) {
	d := document{}
	for _, p := range []part{
		{api: pages},
		{api: sim.API, path: "/sim/v1"},
		{api: client.API, path: "/client/{client}", name: "Client"},
		{api: hub.API, path: "/hub/{hub}", name: "Hub"},
	} {
		if err := d.add(p); err != nil {
			return nil, err
		}
	}
	d.fill(o)
	return d, nil
}
