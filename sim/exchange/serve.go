package exchange

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"sync"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/sim"
	"dske/sim/ladder"
)

// Path is where exchanges are made: POST. What has become of one, and pictures of it, are below it.
const Path = "/sim/v1/exchanges"

const (
	maxKept    = 8        // exchanges, whose values can be revealed and whose ladders be drawn
	maxRequest = 64 << 10 // bytes of a request for an exchange
)

// Kept is an exchange that a network has made for somebody.
type Kept struct {
	ID string `json:"id"` // under which the network keeps it, the last 8
	*Exchange
}

// request asks for an exchange between two encryptors.
type request struct {
	Master string `json:"master"`
	Slave  string `json:"slave"`
}

// Ask has a network, which need not be of this process, exchange a key between two encryptors.
func Ask(ctx context.Context, network sim.Remote, master, slave string) (Kept, error) {
	x := Kept{Exchange: &Exchange{}}
	err := network.Post(ctx, Path, request{master, slave}, &x)
	return x, err
}

// server makes exchanges on a network, and keeps the last ones.
type server struct {
	network *sim.Network

	mu   sync.Mutex
	last []Kept
}

// Mount adds the exchanges of a network to the router of its port; see [sim.Config.Pages].
func Mount(n *sim.Network, router *echo.Echo) {
	s, strict := &server{network: n}, node.Strict(policy)
	router.POST(Path, s.post, strict, node.AtOnce(node.MaxExchanges, "exchanges"))
	router.GET(Path+"/:id/:picture", s.getPicture, strict)
	router.POST(Path+"/:id/values", s.postValues, strict)
}

// policy lets a browser load nothing but the style sheet inside a ladder diagram.
var policy = "default-src 'none'; style-src '" + ladder.StyleHash() + "'; frame-ancestors 'none'"

func (s *server) keep(x *Exchange) Kept {
	s.mu.Lock()
	defer s.mu.Unlock()
	kept := Kept{s.network.Text("exchange"), x}
	s.last = append(s.last, kept)
	s.last = s.last[max(0, len(s.last)-maxKept):]
	return kept
}

func (s *server) find(id string) (Kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.IndexFunc(s.last, func(x Kept) bool { return x.ID == id })
	if i < 0 {
		return Kept{}, &node.Error{Status: http.StatusNotFound, Message: "No such exchange, or one that is too long ago.", Details: map[string]any{"id": id}}
	}
	return s.last[i], nil
}

// post makes and fetches a key. One that cannot be had is an answer too, and shows why.
func (s *server) post(c echo.Context) error {
	body, err := node.ReadBody(c, maxRequest)
	if err != nil {
		return err
	}
	var r request
	if err := json.Unmarshal(body, &r); err != nil {
		return badRequest(err)
	}
	x, err := Run(c.Request().Context(), s.network, r.Master, r.Slave)
	if err != nil {
		return badRequest(err)
	}
	return c.JSON(http.StatusOK, s.keep(x))
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
func (s *server) postValues(c echo.Context) error {
	x, err := s.find(c.Param("id"))
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, values{x.Master.Value.Reveal(), x.Slave.Value.Reveal()})
}

// getPicture serves the ladder of an exchange in one of its forms.
func (s *server) getPicture(c echo.Context) error {
	x, err := s.find(c.Param("id"))
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
