package client

import "github.com/labstack/echo/v4"

// Router returns the router of the routes.
func (r *Routes) Router() *echo.Echo { return r.router }
