package node

import (
	"github.com/labstack/echo/v4"
	"github.com/swaggest/swgui/v5emb"
)

// MountDocs adds /docs to a group: a page, with all that it needs, that shows the OpenAPI description which the
// group, whose paths start with prefix, has at /openapi.json.
func MountDocs(g *echo.Group, title, prefix string) {
	docs := func(c echo.Context) error {
		v5emb.New(title, prefix+"/openapi.json", prefix+"/docs").ServeHTTP(c.Response(), c.Request())
		return nil
	}
	g.GET("/docs", docs)
	g.GET("/docs/*", docs)
}
