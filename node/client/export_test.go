package client

import "github.com/labstack/echo/v4"

// Router returns the router of the client's routes.
func (c *Client) Router() *echo.Echo { return c.config.Routes.router.Echo }
