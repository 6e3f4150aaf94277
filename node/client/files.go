package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/node/client/association"
	"dske/node/parcel"
	"dske/node/store"
	"dske/protocol"
)

// Files says that PSRD comes in files, which somebody brings from the hubs, and that the client
// does nothing out of band.
type Files struct {
	Identity parcel.Identity // the files are sealed for it
	Hubs     []string        // names of all hubs of the network, indexed by hub number
}

// errElsewhere says that a file is valid, but for another node or another network.
var errElsewhere = errors.New("the file does not fit")

// Ingest reads a sealed file and takes it in, as [association.Association.Ingest] does. If the file
// is for this client, Ingest returns its head. It also fails with the errors of [parcel.Open].
func (c *Client) Ingest(ctx context.Context, sealed io.Reader) (*parcel.Head, error) {
	p, err := parcel.Open(sealed, c.config.Files.Identity, c.config.Token)
	if err != nil {
		return nil, err
	}
	defer p.Clear()
	if err := c.fits(&p.Head); err != nil {
		return nil, err
	}
	return &p.Head, c.hubNamed(p.Hub).Ingest(ctx, p)
}

// fits returns an errElsewhere unless a file is for this client, from one of its hubs, and made
// with the parameters of its network.
func (c *Client) fits(h *parcel.Head) error {
	suite := c.config.Suite
	differ := func(what string, theirs, ours any) error {
		return fmt.Errorf("%w: its %s is %v, and this client's is %v: make another file, or let all nodes have the same topology", errElsewhere, what, theirs, ours)
	}
	switch {
	case h.Client != c.config.Name:
		return fmt.Errorf("%w: it is for client %s this client is %s", errElsewhere, h.Client, c.config.Name)
	case c.hubNamed(h.Hub) == nil:
		return fmt.Errorf("%w: it is from hub %s, which this client does not use", errElsewhere, h.Hub)
	case h.Suite != suite.Name() || h.Version != suite.Version():
		return differ("suite", fmt.Sprintf("%s version %d", h.Suite, h.Version), fmt.Sprintf("%s version %d", suite.Name(), suite.Version()))
	case h.Threshold != c.config.Threshold:
		return differ("threshold", h.Threshold, c.config.Threshold)
	case !slices.Equal(h.Hubs, c.config.Files.Hubs):
		return differ("list of hubs", h.Hubs, c.config.Files.Hubs)
	case !slices.Equal(h.Encryptors, c.config.Encryptors):
		return differ("list of encryptors", h.Encryptors, c.config.Encryptors)
	}
	return nil
}

// FileList lists the files of a client: GET [node.PathFiles].
type FileList struct {
	Recipient string       `json:"recipient"` // hubs seal files for it
	Files     []FileStatus `json:"files"`
}

// FileStatus describes a file that the client has taken in.
type FileStatus struct {
	HubName string    `json:"hub_name"`
	Number  int64     `json:"number"`
	Taken   time.Time `json:"taken"`
}

// FileTaken is what a client answers when it has taken a file in: POST [node.PathFiles].
type FileTaken struct {
	ClientName string `json:"client_name"`
	HubName    string `json:"hub_name"`
	Number     int64  `json:"number"`
	Size       int    `json:"size"` // bytes for each pool
}

func mountFiles(g *echo.Group) {
	g.POST(node.PathFiles, func(e echo.Context) error { return clientOf(e.Request()).postFile(e) }, node.AtOnce(1, "files are read"))
	g.GET(node.PathFiles, func(e echo.Context) error { return e.JSON(http.StatusOK, clientOf(e.Request()).files()) })
}

func (c *Client) files() FileList {
	list := FileList{c.config.Files.Identity.Recipient(), []FileStatus{}}
	c.config.Store.View(func(s *store.State) {
		for _, h := range c.hubs {
			for _, kept := range s.ParcelsWith(h.Hub()) {
				if kept.State == store.ParcelTaken {
					list.Files = append(list.Files, FileStatus{kept.Peer, kept.Number, kept.At.UTC()})
				}
			}
		}
	})
	return list
}

// postFile takes a sealed file in.
func (c *Client) postFile(e echo.Context) error {
	body := http.MaxBytesReader(e.Response(), e.Request().Body, parcel.MaxSealed)
	h, err := c.Ingest(e.Request().Context(), body)
	if err != nil {
		return fileError(err)
	}
	pads := protocol.PurposesOf(c.config.Suite)[0]
	return e.JSON(http.StatusOK, FileTaken{h.Client, h.Hub, h.Number, h.Size(protocol.OwnerClient, pads)})
}

// fileError returns the error that the management interface answers with.
func fileError(err error) error {
	var large *http.MaxBytesError
	status := 0
	switch {
	case errors.As(err, &large):
		return node.NewError(protocol.ErrTooLarge, "limit", large.Limit)
	case errors.Is(err, parcel.ErrNoParcel), errors.Is(err, parcel.ErrAltered):
		status = http.StatusBadRequest
	case errors.Is(err, parcel.ErrNotRecipient), errors.Is(err, parcel.ErrNotOurs):
		status = http.StatusForbidden
	case errors.Is(err, errElsewhere), errors.Is(err, association.ErrTaken), errors.Is(err, association.ErrOlder), errors.Is(err, association.ErrRoom):
		status = http.StatusConflict
	default:
		return err
	}
	return &node.Error{Status: status, Message: "The file was not taken in.", Details: map[string]any{"reason": err.Error()}}
}

// api describes this client.
func (c *Client) api() string {
	if c.config.Files != nil {
		return node.WithFiles(API, filesAPI)
	}
	return API
}
