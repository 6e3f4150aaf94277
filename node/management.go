package node

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// Management is what the management interface needs from a node.
type Management struct {
	Kind   Kind
	Name   string
	Status func() any // a snapshot, without any secret
	Stop   func()     // begins to stop the node and returns at once; nil: the node cannot be stopped
	API    string     // OpenAPI description of the node, in JSON; {prefix} in it stands for [Prefix]
}

// MountManagement adds the management interface and the API documentation to a group. of returns
// the node that a request is for.
func MountManagement(g *echo.Group, of func(*http.Request) Management) {
	g.GET("/mgmt/v1/status", func(c echo.Context) error {
		return c.JSON(http.StatusOK, of(c.Request()).Status())
	})
	g.POST("/mgmt/v1/stop", func(c echo.Context) error { return of(c.Request()).stop(c) })
	Page(g, "/openapi.json", func(c echo.Context) error {
		m := of(c.Request())
		return c.JSONBlob(http.StatusOK, []byte(strings.ReplaceAll(m.API, "{prefix}", Prefix(m.Kind, m.Name))))
	})
	MountDocs(g, func(r *http.Request) (title, prefix string) {
		m := of(r)
		return string(m.Kind) + " " + m.Name, Prefix(m.Kind, m.Name)
	})
}

func (m Management) stop(c echo.Context) error {
	if m.Stop == nil {
		return &Error{
			Status:  http.StatusForbidden,
			Message: "This node cannot be stopped from outside.",
			Details: map[string]any{"node": string(m.Kind) + "/" + m.Name},
		}
	}
	m.Stop()
	return c.JSON(http.StatusOK, map[string]string{"result": string(m.Kind) + " " + m.Name + " is stopping"})
}
