package client

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/labstack/echo/v4"

	"dske/etsi"
	"dske/etsi/skip"
	"dske/node"
	"dske/protocol"
)

// Prefix is the start of the patterns of all client routes.
const Prefix = "/" + string(node.KindClient) + "/:client"

// Routes are the URLs of clients. They hold no client: the client that a request is for is in its
// context. So all clients of a process can share them.
type Routes struct{ router *node.Router }

// NewRoutes returns routes for any number of clients that do not get their PSRD in files.
func NewRoutes(log *slog.Logger) *Routes { return newRoutes(log, false) }

func newRoutes(log *slog.Logger, byHand bool) *Routes {
	router := node.NewRouter(log, func(r *http.Request) func(node.Request) {
		if observer := clientOf(r).config.Observer; observer != nil {
			return observer(r)
		}
		return nil
	})
	g := router.Group(Prefix)
	node.MountManagement(g, func(r *http.Request) node.Management { return clientOf(r).management() })
	started := func(e echo.Context) error { return clientOf(e.Request()).postHubStarted(e) }
	if byHand {
		mountFiles(g)
		g.POST(protocol.PathHubStartedInBand, started)
	} else {
		g.POST(protocol.PathHubStarted, started)
	}
	etsi.Register(g.Group("/etsi"), func(r *http.Request) (etsi.KME, etsi.Refusals) {
		c := clientOf(r)
		return c, etsi.Refusals{Log: c.config.Logger, Strict: c.config.Strict}
	})
	skip.Register(g.Group("/skip"), func(r *http.Request) skip.Config { return clientOf(r).skip() })
	return &Routes{router}
}

// served is the context key of the client that a request is for.
type served struct{}

func clientOf(r *http.Request) *Client { return r.Context().Value(served{}).(*Client) }

// serve answers a request for the client.
func (c *Client) serve(w http.ResponseWriter, r *http.Request) {
	c.config.Routes.router.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), served{}, c)))
}

func (c *Client) management() node.Management {
	return node.Management{
		Kind:   node.KindClient,
		Name:   c.config.Name,
		Status: func() any { return c.Inspect() },
		Stop:   c.config.Stop,
		API:    c.api(),
	}
}

func (c *Client) skip() skip.Config {
	return skip.Config{
		KME:       c,
		System:    c.config.Name,
		Remote:    c.config.Systems,
		Algorithm: "DSKE",
		Random:    c.entropy,
		Logger:    c.config.Logger,
		Strict:    c.config.Strict,
	}
}
