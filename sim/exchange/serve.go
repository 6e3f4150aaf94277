package exchange

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/ladder"
)

// Path is the path for making exchanges with POST. Results and pictures are below it.
const Path = "/sim/v1/exchanges"

const maxRequest = 64 << 10 // bytes of a request for an exchange

// PathMessages is the path below which single messages can be opened.
const PathMessages = "/sim/v1/messages"

// request is the body of a request for an exchange between two encryptors.
type request struct {
	Master string `json:"master"`
	Slave  string `json:"slave"`
}

// Ask has a network, in this process or another, exchange a key between two encryptors.
func Ask(ctx context.Context, network sim.Remote, master, slave string) (Kept, error) {
	x := Kept{Exchange: &Exchange{}}
	err := network.Post(ctx, Path, request{master, slave}, &x)
	return x, err
}

// Mount adds the exchanges of a network to the router of its port; see [sim.Config.Pages].
func (b *Book) Mount(router *echo.Echo) {
	strict := node.Strict(policy)
	router.GET(Path, b.getAll, strict)
	router.POST(Path, b.post, strict, node.AtOnce(node.MaxExchanges, "exchanges"))
	router.GET(Path+"/:id", b.get, strict)
	router.GET(Path+"/:id/:picture", b.getPicture, strict)
	router.POST(Path+"/:id/values", b.postValues, strict)
	router.GET(PathMessages+"/:number", b.getMessage, strict)
	router.POST(PathMessages+"/:number/reveal", b.postReveal, strict)
}

// policy lets a browser load only the style sheet inside a ladder diagram.
var policy = "default-src 'none'; style-src '" + ladder.StyleHash() + "'; frame-ancestors 'none'"

// post makes and fetches a key. A failed exchange is a valid answer too, and shows why.
func (b *Book) post(c echo.Context) error {
	body, err := node.ReadBody(c, maxRequest)
	if err != nil {
		return err
	}
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return badRequest(err)
	}
	x, messages, err := record(c.Request().Context(), b.network, r.Master, r.Slave)
	if err != nil {
		return badRequest(err)
	}
	return c.JSON(http.StatusOK, b.keep(x, fromPage, messages))
}

// list has the kept exchanges.
type list struct {
	Exchanges []Kept `json:"exchanges"`
}

func (b *Book) getAll(c echo.Context) error { return c.JSON(http.StatusOK, list{b.Kept()}) }

func (b *Book) get(c echo.Context) error {
	x, err := b.Find(c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, x)
}

func numberOf(c echo.Context) (uint64, error) {
	number, err := strconv.ParseUint(c.Param("number"), 10, 64)
	if err != nil {
		return 0, &node.Error{Status: http.StatusBadRequest, Message: "Malformed message.", Details: map[string]any{"reason": err.Error()}}
	}
	return number, nil
}

func (b *Book) getMessage(c echo.Context) error {
	number, err := numberOf(c)
	if err != nil {
		return err
	}
	opened, err := b.open(number)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, opened)
}

// revealed is a share in the clear. It exists to be shown.
type revealed struct {
	Share []byte `json:"share"`
}

func (b *Book) postReveal(c echo.Context) error {
	number, err := numberOf(c)
	if err != nil {
		return err
	}
	share, err := b.share(number)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, revealed{share.Reveal()})
}

func badRequest(reason error) error {
	return &node.Error{Status: http.StatusBadRequest, Message: "No such exchange can be made.", Details: map[string]any{"reason": reason.Error()}}
}

// values has the keys at both ends of an exchange. It exists to be shown.
type values struct {
	Master []byte `json:"master"`
	Slave  []byte `json:"slave"`
}

// postValues reveals the keys of an exchange.
func (b *Book) postValues(c echo.Context) error {
	x, err := b.Find(c.Param("id"))
	if err != nil {
		return err
	}
	if x.Origin != fromPage {
		return &node.Error{Status: http.StatusNotFound, Message: "The values of this exchange were not kept: encryptors outside have made it.", Details: map[string]any{"id": x.ID}}
	}
	return c.JSON(http.StatusOK, values{x.Master.Value.Reveal(), x.Slave.Value.Reveal()})
}

// getPicture serves the ladder of an exchange in one of its forms.
func (b *Book) getPicture(c echo.Context) error {
	x, err := b.Find(c.Param("id"))
	if err != nil {
		return err
	}
	switch picture := c.Param("picture"); picture {
	case "ladder.svg":
		return c.Blob(http.StatusOK, "image/svg+xml", []byte(x.Ladder.SVG()))
	case "ladder.mmd":
		return c.String(http.StatusOK, x.Ladder.Mermaid())
	case "ladder.txt":
		return c.String(http.StatusOK, x.Ladder.Text())
	default:
		return &node.Error{Status: http.StatusNotFound, Message: "No such picture.", Details: map[string]any{"picture": picture}}
	}
}
