package etsi

import (
	"errors"
	"net/http"
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// Register mounts the methods of the standard (ETSI GS QKD 014 V1.1.1, clause 5) in g, under
// /api/v1/keys. of returns, for each request, the KME that serves it and how to refuse it: always
// the same KME, or one of many that share the routes. The routes write their errors themselves, in
// the form of the standard. They log refused callers, and the text of a 500 that the caller does
// not get.
func Register(g *echo.Group, of func(*http.Request) (KME, Refusals)) {
	g.RouteNotFound("/*", Lost(paths(), func(r *http.Request) Refusals {
		_, refusals := of(r)
		return refusals
	}))
	handle := func(answer method) echo.HandlerFunc {
		return func(c echo.Context) error {
			kme, refusals := of(c.Request())
			return server{kme, refusals}.handle(c, answer)
		}
	}
	g.GET("/api/v1/keys/:sae/status", handle(server.status))
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		g.Add(method, "/api/v1/keys/:sae/enc_keys", handle(server.encKeys))
		g.Add(method, "/api/v1/keys/:sae/dec_keys", handle(server.decKeys))
	}
}

// server answers one request.
type server struct {
	kme      KME
	refusals Refusals
}

// A method answers a request of caller, one of the KME's encryptors, about peer, another SAE. Its
// result is sent as JSON.
type method func(s server, r *http.Request, caller, peer string) (any, error)

func (s server) status(r *http.Request, master, slave string) (any, error) {
	status, err := s.kme.Status(r.Context(), master, slave)
	return status.complete(master, slave), err
}

func (s server) encKeys(r *http.Request, master, slave string) (any, error) {
	request, err := readRequest(r, parseKeyQuery, parseKeyBody)
	if err != nil {
		return nil, err
	}
	if err := request.check(master, slave); err != nil {
		return nil, err
	}
	keys, err := s.kme.GetKey(r.Context(), master, slave, request)
	return KeyContainer{keys}, err
}

func (s server) decKeys(r *http.Request, slave, master string) (any, error) {
	ids, err := readRequest(r, parseIDQuery, parseIDBody)
	if err != nil {
		return nil, err
	}
	keys, err := s.kme.GetKeyWithKeyIDs(r.Context(), slave, master, ids)
	if errors.Is(err, ErrUnauthorized) {
		err = unauthorized("a key was made for other SAEs")
	}
	return KeyContainer{keys}, err
}

// readRequest reads the query of a GET or the body of a POST; the query of a POST is ignored.
func readRequest[T any](r *http.Request, fromQuery func(url.Values) (T, error), fromBody func(members) (T, error)) (T, error) {
	var none T
	if r.Method == http.MethodPost {
		body, err := parseBody(r)
		if err != nil {
			return none, err
		}
		return fromBody(body)
	}
	query, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		return none, err
	}
	return fromQuery(query)
}

// handle does what all methods have in common: it finds the two SAEs and answers.
func (s server) handle(c echo.Context, answer method) error {
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	body, err := s.answer(c, answer)
	if err != nil {
		s.refusals.Answer(c.Response(), c.Request(), err)
		return nil
	}
	if keys, ok := body.(KeyContainer); ok {
		return sendKeys(c, keys)
	}
	return c.JSON(http.StatusOK, body)
}

func (s server) answer(c echo.Context, do method) (any, error) {
	caller, peer, err := s.parties(c)
	if err != nil {
		return nil, err
	}
	return do(s, c.Request(), caller, peer)
}

// sendKeys answers with keys. Echo would pass over them three times while encoding them in JSON,
// and a key can have 2 MiB. It clears the keys and their text afterwards.
func sendKeys(c echo.Context, keys KeyContainer) error {
	text, err := keys.MarshalJSON()
	defer func() { clear(text) }()
	Clear(keys.Keys)
	if err != nil {
		return err
	}
	text = append(text, '\n') // as Echo ends its JSON
	return c.JSONBlob(http.StatusOK, text)
}

// parties returns the calling SAE and the SAE in the path. It identifies the caller before it reads
// anything else of the request.
func (s server) parties(c echo.Context) (caller, peer string, err error) {
	caller, err = Identify(c.Request(), s.kme.Encryptors())
	if err != nil {
		return "", "", err
	}
	peer, err = saeID(c)
	if err != nil {
		return "", "", err
	}
	if peer == caller {
		return "", "", badRequest("the SAE in the path is the caller itself").with("SAE_ID", peer)
	}
	return caller, peer, nil
}

// saeID returns a copy of the SAE ID in the path: it may be kept for long, which must not keep the
// request in memory. Echo matches the encoded path, and takes parameters from it, if the request
// has it; otherwise it uses the decoded path, which must not be decoded again.
func saeID(c echo.Context) (string, error) {
	id := c.Param("sae")
	if c.Request().URL.RawPath != "" {
		decoded, err := url.PathUnescape(id)
		if err != nil {
			return "", badRequest("malformed SAE ID").with("SAE_ID", id)
		}
		id = decoded
	}
	if id == "" {
		return "", badRequest("the SAE ID in the path is empty")
	}
	return strings.Clone(id), nil
}
