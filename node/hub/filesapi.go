package hub

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
)

const (
	// maxOrder is the maximum size of the body of a request for a file, in bytes.
	maxOrder = 4 << 10

	// filesAtOnce is the number of files made at the same time; each is in memory.
	filesAtOnce = 2
)

// mountByHand adds the routes that replace the out-of-band ones where PSRD comes in files.
func (h *Hub) mountByHand(g *echo.Group) {
	g.GET(protocol.PathBoot, h.getBoot)
	g.POST(protocol.PathSignedMarks, h.postMarks)
	g.POST(node.PathFiles, h.postFile, node.AtOnce(filesAtOnce, "files are made"))
	g.GET(node.PathFiles, func(c echo.Context) error { return c.JSON(http.StatusOK, FileList{h.Parcels()}) })
	g.DELETE(node.PathFiles+"/:client/:number", h.deleteFile)
}

// FileList lists the files of a hub: GET [node.PathFiles].
type FileList struct {
	Files []ParcelStatus `json:"files"`
}

// FileOrder asks a hub for a file: POST [node.PathFiles].
type FileOrder struct {
	ClientName string `json:"client_name"`
	Size       int    `json:"size"` // bytes for each pool
}

// postFile makes a file and sends it, sealed.
func (h *Hub) postFile(c echo.Context) error {
	body, err := node.ReadBody(c, maxOrder)
	if err != nil {
		return err
	}
	var order FileOrder
	if err := protocol.Unmarshal(body, &order); err != nil {
		return err
	}
	made, err := h.Issue(c.Request().Context(), order.ClientName, order.Size)
	if err != nil {
		return err
	}
	c.Response().Header().Set(echo.HeaderContentType, echo.MIMEOctetStream)
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	c.Response().Header().Set(node.FileHeader, strconv.FormatInt(made.Number, 10))
	c.Response().WriteHeader(http.StatusOK)
	return made.Seal(c.Response())
}

// deleteFile gives up a file that is out.
func (h *Hub) deleteFile(c echo.Context) error {
	client, err := node.Param(c, "client")
	if err != nil {
		return err
	}
	number, err := strconv.ParseInt(c.Param("number"), 10, 64)
	if err != nil {
		return fmt.Errorf("%w: %.64q is not the number of a file", protocol.ErrMalformed, c.Param("number"))
	}
	if err := h.Revoke(c.Request().Context(), client, number); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}
