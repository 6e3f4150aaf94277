package client

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/node/client/association"
	"dske/protocol"
)

// maxStartedBody is the maximum size of a message that a hub has started, in bytes.
const maxStartedBody = 4 << 10

// postHubStarted handles a message that a hub has started. The message is not authenticated.
func (c *Client) postHubStarted(e echo.Context) error {
	body, err := node.ReadBody(e, maxStartedBody)
	if err != nil {
		return err
	}
	var m protocol.HubStarted
	if err := protocol.Unmarshal(body, &m); err != nil {
		return err
	}
	h := c.hubNamed(m.HubName)
	if h == nil {
		return node.NewError(protocol.ErrUnknownHub, "hub_name", m.HubName)
	}
	h.HubStarted()
	return e.JSON(http.StatusOK, struct{}{})
}

// hubNamed returns the association with the hub of that name, or nil.
func (c *Client) hubNamed(name string) *association.Association {
	for _, h := range c.hubs {
		if h.Hub() == name {
			return h
		}
	}
	return nil
}
