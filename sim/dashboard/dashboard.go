// Package dashboard is the live page of a network, for a browser: its picture, the keys that are made on it and
// the messages for that, and what breaks it. [Mount] adds it to the router of the port; see [sim.Config.Pages].
// Everything that it needs is in the binary.
package dashboard

import (
	"embed"
	"strings"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/ladder"
)

//go:embed assets
var assets embed.FS

// The paths of what the page asks for.
const (
	pathAssets = "/dashboard/assets/"
	pathStream = "/dashboard/v1/stream"
)

// dashboard serves the page of one network.
type dashboard struct {
	network *sim.Network
}

// Mount adds the page, at /, and what only it asks for, under /dashboard/, to the router of a network's port. It also
// needs package exchange there. While no page is open it costs the network nothing.
func Mount(n *sim.Network, router *echo.Echo) {
	d, strict := &dashboard{network: n}, node.Strict(policy)
	node.Page(router.Group(""), "/", func(c echo.Context) error { return file(c, "index.html") }, strict)
	router.GET(pathAssets+":file", func(c echo.Context) error { return file(c, c.Param("file")) }, strict)
	router.GET(pathStream, d.stream, strict, node.AtOnce(node.MaxReaders, "readers"))
}

// file serves a part of the page.
func file(c echo.Context, name string) error {
	return echo.StaticFileHandler("assets/"+name, assets)(c)
}

// policy lets the page load what the binary holds, and nothing else. The style sheet inside a ladder diagram is
// let in by its hash.
var policy = strings.Join([]string{
	"default-src 'none'",
	"script-src 'self'",
	"style-src 'self' '" + ladder.StyleHash() + "'",
	"img-src 'self'",
	"connect-src 'self'",
	"base-uri 'none'",
	"form-action 'none'",
	"frame-ancestors 'none'",
}, "; ")
