package skip

import (
	"context"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/etsi"
)

// KME makes and fetches keys. See [etsi.KME] for its methods.
type KME interface {
	Encryptors() []string
	GetKey(ctx context.Context, master, slave string, request etsi.KeyRequest) ([]etsi.Key, error)
	GetKeyWithKeyIDs(ctx context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error)
}

// Config describes a key provider.
type Config struct {
	KME       KME
	System    string       // ID of the system that the provider belongs to
	Remote    []string     // IDs of the systems that it can share keys with; System is ignored; not modified
	Algorithm string       // how keys are distributed, as named in the capabilities
	Random    io.Reader    // source of entropy
	Logger    *slog.Logger // for refusals, and for the text of a 500 that the caller does not get
	Strict    bool         // see [etsi.Refusals]
}

// Register mounts the methods of SKIP in g. of returns the provider that serves a request. The
// routes write their errors themselves.
//
// SKIP leaves it to TLS who may call. So over TLS a caller must show the certificate of an
// encryptor of the KME, and otherwise gets a 401; over plain HTTP anybody may call.
func Register(g *echo.Group, of func(*http.Request) Config) {
	names := etsi.Paths{Methods: methodsOf, Names: "/capabilities, /key, /key/{keyId} and /entropy"}
	g.RouteNotFound("/*", etsi.Lost(names, func(r *http.Request) etsi.Refusals { return server{of(r)}.refusals() }))
	handle := func(answer method) echo.HandlerFunc {
		return func(c echo.Context) error { return server{of(c.Request())}.handle(c, answer) }
	}
	g.GET("/capabilities", handle(server.capabilities))
	g.GET("/key", handle(server.newKey))
	g.GET("/key/:keyId", handle(server.keyWithID))
	g.GET("/entropy", handle(server.entropy))
}

// server answers one request.
type server struct{ Config }

func (s server) refusals() etsi.Refusals { return etsi.Refusals{Log: s.Logger, Strict: s.Strict} }

// A method returns the value that is sent as JSON.
type method func(server, echo.Context) (any, error)

// Serves reports whether a path, below the one where [Register] is called, is one of SKIP.
func Serves(path string) bool { return methodsOf(path) != "" }

func methodsOf(path string) string {
	id, isKey := strings.CutPrefix(path, "/key/")
	if path == "/capabilities" || path == "/key" || path == "/entropy" || isKey && id != "" && !strings.Contains(id, "/") {
		return "GET"
	}
	return ""
}

// The bodies of answers.
type (
	capabilities struct {
		Entropy   bool     `json:"entropy"`
		Key       bool     `json:"key"`
		Algorithm string   `json:"algorithm"`
		System    string   `json:"localSystemID"`
		Remote    []string `json:"remoteSystemID"`
	}
	key struct {
		ID    string `json:"keyId"`
		Value string `json:"key"` // secret
	}
	entropy struct {
		Random     string `json:"randomStr"` // secret
		MinEntropy int    `json:"minentropy"`
	}
)

func (s server) capabilities(echo.Context) (any, error) {
	isSelf := func(system string) bool { return system == s.System }
	remote := slices.DeleteFunc(append([]string{}, s.Remote...), isSelf)
	return capabilities{true, len(remote) > 0, s.Algorithm, s.System, remote}, nil
}

// newKey makes a key to share with a remote system.
func (s server) newKey(c echo.Context) (any, error) {
	q, err := parseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, err
	}
	remote, err := q.remoteSystem(s.Config)
	if err != nil {
		return nil, err
	}
	size, err := q.keySize()
	if err != nil {
		return nil, err
	}
	request := etsi.KeyRequest{Number: 1, Size: size}
	return deliver(s.KME.GetKey(c.Request().Context(), SAE(s.System), SAE(remote), request))
}

// keyWithID fetches a key that a remote system has made.
func (s server) keyWithID(c echo.Context) (any, error) {
	id, err := keyID(c)
	if err != nil {
		return nil, err
	}
	q, err := parseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, err
	}
	remote, err := q.remoteSystem(s.Config)
	if err != nil {
		return nil, err
	}
	keys, err := s.KME.GetKeyWithKeyIDs(c.Request().Context(), SAE(s.System), SAE(remote), []uuid.UUID{id})
	if errors.Is(err, etsi.ErrUnauthorized) { // it is for others; the caller need not know more
		err = etsi.ErrKeyNotFound
	}
	return deliver(keys, err)
}

func deliver(keys []etsi.Key, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	defer etsi.Clear(keys)
	return key{hexID(keys[0].ID), hex.EncodeToString(keys[0].Key.Reveal())}, nil
}

// entropy returns random bytes; the number of bits is rounded up to whole bytes.
func (s server) entropy(c echo.Context) (any, error) {
	q, err := parseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, err
	}
	bits, err := q.minEntropy()
	if err != nil {
		return nil, err
	}
	random := make([]byte, (bits+7)/8)
	if _, err := io.ReadFull(s.Random, random); err != nil {
		return nil, &etsi.Error{Status: http.StatusServiceUnavailable, Message: "no entropy"}
	}
	return entropy{hex.EncodeToString(random), 8 * len(random)}, nil
}

// handle does what all methods have in common: it checks the caller and answers.
func (s server) handle(c echo.Context, answer method) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	body, err := s.answer(c, answer)
	if err != nil {
		s.refusals().Answer(c.Response(), c.Request(), err)
		return nil
	}
	return c.JSON(http.StatusOK, body)
}

func (s server) answer(c echo.Context, do method) (any, error) {
	if c.Request().TLS != nil {
		if _, err := etsi.Identify(c.Request(), s.KME.Encryptors()); err != nil {
			return nil, err
		}
	}
	return do(s, c)
}

// keyID returns the key ID in the path. Echo takes it from the encoded path if the request has one.
func keyID(c echo.Context) (uuid.UUID, error) {
	text := c.Param("keyId")
	if strings.Contains(text, "/") { // the last parameter matches the rest of the path
		return uuid.Nil, &etsi.Error{Status: http.StatusNotFound, Message: "unknown path"}
	}
	if c.Request().URL.RawPath != "" {
		if decoded, err := url.PathUnescape(text); err == nil {
			text = decoded
		}
	}
	return parseKeyID(text)
}
