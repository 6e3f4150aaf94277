// Package dashboard is the live page of a network, for a browser. It shows how a key is made, what
// an attacker learns of it, who asked for keys and why requests were refused, how much PSRD there
// is, and the faults. [Mount] adds it to the router of the port; see [sim.Config.Pages]. Everything
// that it needs is in the binary.
//
// The page is assets/main.js, with a module for each of its parts. The animation is a function of a
// recorded exchange and a time: story.js divides an exchange into steps, place.js computes the
// position of a share, stage.js draws it.
package dashboard

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/attack"
	"dske/sim/exchange"
	"dske/sim/ladder"
)

//go:embed assets
var assets embed.FS

// The paths that the page requests.
const (
	pathAssets = "/dashboard/assets/"
	pathStream = "/dashboard/v1/stream"
	pathLevels = "/dashboard/v1/levels"
)

// dashboard serves the page of one network.
type dashboard struct {
	network *sim.Network
	book    *exchange.Book
	attack  *attack.Attack
	id      string // of the topology

	mu       sync.Mutex
	snapshot sim.Snapshot // the last one, shared by all pages
	taken    time.Time
}

// Mount adds the page, at /, and its own interface, under /dashboard/, to the router of a network's
// port. The page shows the exchanges of the book, and the attacker, which must be mounted there
// too. While no page is open it costs the network nothing.
func Mount(n *sim.Network, router *echo.Echo, book *exchange.Book, attacker *attack.Attack) {
	d, strict := &dashboard{network: n, book: book, attack: attacker, id: idOf(n.Overview())}, node.Strict(policy)
	node.Page(router.Group(""), "/", func(c echo.Context) error { return file(c, "index.html") }, strict)
	router.GET(pathAssets+":file", func(c echo.Context) error { return file(c, c.Param("file")) }, strict)
	router.GET(pathStream, d.stream, strict, places())
	router.GET(pathLevels, d.getLevels, strict)
}

// places limits the open pages. Viewers have separate places, so that the operator's page always
// finds one.
func places() echo.MiddlewareFunc {
	readers, viewers := node.AtOnce(node.MaxReaders, "readers"), node.AtOnce(node.MaxViewers, "viewers")
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		reader, viewer := readers(next), viewers(next)
		return func(c echo.Context) error {
			if sim.IsViewer(c.Request()) {
				return viewer(c)
			}
			return reader(c)
		}
	}
}

// idOf returns an ID of a topology, whatever nodes are running.
func idOf(o sim.Overview) string {
	for i := range o.Hubs {
		o.Hubs[i].Running = false
	}
	for i := range o.Clients {
		o.Clients[i].Running, o.Clients[i].KMEURL = false, ""
	}
	text, _ := json.Marshal(o) // cannot fail: plain values
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

// now returns a recent state of the network.
func (d *dashboard) now() sim.Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	if time.Since(d.taken) > batchTime/2 {
		d.snapshot, d.taken = d.network.Snapshot(), time.Now()
	}
	return d.snapshot
}

// file serves a part of the page.
func file(c echo.Context, name string) error {
	return echo.StaticFileHandler("assets/"+name, assets)(c)
}

// policy lets the page load only what the binary contains. The style sheet inside a ladder diagram
// is allowed by its hash.
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
