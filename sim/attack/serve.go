package attack

import (
	"encoding/json"
	"net/http"

	"github.com/labstack/echo/v4"

	"dske/node"
)

// Path is the path of the attacker: PUT gives him something, DELETE takes everything away, and GET
// returns what he knows.
const Path = "/sim/v1/attack"

const maxRequest = 64 << 10 // bytes

// Mount adds the attacker of a network to the router of its port; see [sim.Config.Pages].
func (a *Attack) Mount(router *echo.Echo) {
	strict := node.Strict("default-src 'none'; frame-ancestors 'none'")
	router.GET(Path, a.get, strict)
	router.PUT(Path, a.put, strict)
	router.DELETE(Path, a.delete, strict)
}

func (a *Attack) get(c echo.Context) error {
	k, err := a.Of(c.Request().Context(), c.QueryParam("exchange"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, k)
}

func (a *Attack) put(c echo.Context) error {
	body, err := node.ReadBody(c, maxRequest)
	if err != nil {
		return err
	}
	owns := Owns{Links: none}
	if err := json.Unmarshal(body, &owns); err != nil {
		return &node.Error{Status: http.StatusBadRequest, Message: "Malformed message.", Details: map[string]any{"reason": err.Error()}}
	}
	if err := a.Set(owns); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a.Owns())
}

func (a *Attack) delete(c echo.Context) error {
	if err := a.Set(Owns{Links: none}); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, a.Owns())
}
