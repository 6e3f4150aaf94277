package dashboard

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/exchange"
)

const (
	maxKept    = 8        // exchanges, whose values can be revealed and whose ladders be drawn
	maxRequest = 64 << 10 // bytes of a request for an exchange
)

// Exchange is an exchange that was made through the page.
type Exchange struct {
	ID string `json:"id"` // under which the network keeps it, the last 8
	*exchange.Exchange
}

// exchangeRequest asks for an exchange between two encryptors.
type exchangeRequest struct {
	Master string `json:"master"`
	Slave  string `json:"slave"`
}

// Ask has a network, which need not be of this process, exchange a key between two encryptors.
func Ask(ctx context.Context, network sim.Remote, master, slave string) (Exchange, error) {
	x := Exchange{Exchange: &exchange.Exchange{}}
	err := network.Post(ctx, pathExchanges, exchangeRequest{master, slave}, &x)
	return x, err
}

// exchanges is the last ones.
type exchanges struct {
	mu   sync.Mutex
	last []Exchange
}

func (e *exchanges) keep(x *exchange.Exchange) Exchange {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := Exchange{rand.Text(), x}
	e.last = append(e.last, kept)
	e.last = e.last[max(0, len(e.last)-maxKept):]
	return kept
}

func (e *exchanges) find(id string) (Exchange, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	i := slices.IndexFunc(e.last, func(x Exchange) bool { return x.ID == id })
	if i < 0 {
		return Exchange{}, &node.Error{Status: http.StatusNotFound, Message: "No such exchange, or one that is too long ago.", Details: map[string]any{"id": id}}
	}
	return e.last[i], nil
}

// postExchange makes and fetches a key. One that cannot be had is an answer too, and shows why.
func (d *dashboard) postExchange(c echo.Context) error {
	body, err := node.ReadBody(c, maxRequest)
	if err != nil {
		return err
	}
	var request exchangeRequest
	if err := json.Unmarshal(body, &request); err != nil {
		return badRequest(err)
	}
	x, err := exchange.Run(c.Request().Context(), d.network, request.Master, request.Slave)
	if err != nil {
		return badRequest(err)
	}
	return c.JSON(http.StatusOK, d.exchanges.keep(x))
}

func badRequest(reason error) error {
	return &node.Error{Status: http.StatusBadRequest, Message: "No such exchange can be made.", Details: map[string]any{"reason": reason.Error()}}
}

// values is the keys that an exchange has brought to its two ends. It exists to be shown.
type values struct {
	Master []byte `json:"master"`
	Slave  []byte `json:"slave"`
}

// postValues reveals the keys of an exchange.
func (d *dashboard) postValues(c echo.Context) error {
	x, err := d.exchanges.find(c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, values{x.Master.Value.Reveal(), x.Slave.Value.Reveal()})
}

// getPicture serves the ladder of an exchange in one of its forms.
func (d *dashboard) getPicture(c echo.Context) error {
	x, err := d.exchanges.find(c.Param("id"))
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
