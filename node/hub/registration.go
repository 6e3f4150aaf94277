package hub

import (
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

// peerClient is a client that has registered at some time. Its name stays bound to its token, and its
// encryptors to it, also while it is not registered.
type peerClient struct {
	name       string
	token      string
	encryptors []string
	failures   *failures
	channel    *protocol.Channel // nil while it is not registered
	adding     sync.Mutex        // held from looking at the room in a pool to filling it
}

func (h *Hub) putRegistration(c echo.Context) error {
	body, err := node.ReadBody(c, maxBody)
	if err != nil {
		return err
	}
	var r protocol.Registration
	if err := protocol.Unmarshal(body, &r); err != nil {
		return err
	}
	if err := h.register(r, c.Request().Header.Get(protocol.TokenHeader)); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, protocol.Registered{HubName: h.config.Name})
}

// register makes a client known or, if it is known, lets it start over with empty pools.
func (h *Hub) register(r protocol.Registration, token string) error {
	if len(r.EncryptorNames) == 0 {
		r.EncryptorNames = []string{r.ClientName}
	}
	if err := checkNames(r); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	count := &failures{}
	known := h.clients[r.ClientName]
	if known != nil {
		if !sameToken(known.token, token) {
			return node.NewError(protocol.ErrWrongToken, "client_name", r.ClientName)
		}
		count = known.failures
	}
	for _, name := range r.EncryptorNames {
		if owner, bound := h.owners[name]; bound && owner != r.ClientName {
			return node.NewError(protocol.ErrWrongToken, "encryptor_name", name)
		}
	}
	// A new value, not a change of the old one: requests under way keep the client that they found.
	p := &peerClient{
		name:       r.ClientName,
		token:      token,
		encryptors: r.EncryptorNames,
		failures:   count,
		channel:    protocol.NewChannel(h.config.Suite),
	}
	h.config.Counters.Watch(p.channel.Peer, p.channel.Own)
	h.bind(p, known)
	h.config.Logger.Info("client registered", "client", r.ClientName)
	return nil
}

// bind puts a client, with its encryptors, in the place of what it was before, if anything. The caller
// holds h.mu.
func (h *Hub) bind(p, before *peerClient) {
	if before != nil {
		for _, name := range before.encryptors {
			delete(h.owners, name)
		}
	}
	for _, name := range p.encryptors {
		h.owners[name] = p.name
	}
	h.clients[p.name] = p
}

func checkNames(r protocol.Registration) error {
	if err := protocol.CheckName(r.ClientName); err != nil {
		return fmt.Errorf("%w: client %w", protocol.ErrMalformed, err)
	}
	for _, name := range r.EncryptorNames {
		if err := protocol.CheckSAE(name); err != nil {
			return fmt.Errorf("%w: %w", protocol.ErrMalformed, err)
		}
	}
	return nil
}

func (h *Hub) deleteRegistration(c echo.Context) error {
	query, err := parseQuery(c)
	if err != nil {
		return err
	}
	name, err := protocol.One(query, "client_name")
	if err != nil {
		return err
	}
	p, err := h.authorize(name, c.Request().Header.Get(protocol.TokenHeader))
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.clients[name] == p { // it may have registered again meanwhile
		h.clients[name] = &peerClient{name: p.name, token: p.token, encryptors: p.encryptors, failures: p.failures}
	}
	return c.JSON(http.StatusOK, struct{}{})
}

func (h *Hub) getPSRD(c echo.Context) error {
	query, err := parseQuery(c)
	if err != nil {
		return err
	}
	name, owner, size, err := parsePSRDQuery(query)
	if err != nil {
		return err
	}
	p, err := h.authorize(name, c.Request().Header.Get(protocol.TokenHeader))
	if err != nil {
		return err
	}
	block, err := h.addBlock(p, owner, size)
	if err != nil {
		return err
	}
	defer clear(block.Data)
	c.Response().Header().Set(echo.HeaderCacheControl, "no-store")
	body, err := json.Marshal(block)
	if err != nil {
		return err
	}
	return node.WriteJSON(c, body)
}

// parseQuery reads the query of a request. Echo would drop the members that it cannot read.
func parseQuery(c echo.Context) (url.Values, error) {
	query, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: query: %w", protocol.ErrMalformed, err)
	}
	return query, nil
}

func parsePSRDQuery(query url.Values) (client string, owner protocol.PoolOwner, size int, err error) {
	var ownerText, sizeText string
	if client, err = protocol.One(query, "client_name"); err != nil {
		return "", "", 0, err
	}
	if ownerText, err = protocol.One(query, "pool_owner"); err != nil {
		return "", "", 0, err
	}
	if sizeText, err = protocol.One(query, "size"); err != nil {
		return "", "", 0, err
	}
	owner = protocol.PoolOwner(ownerText)
	if owner != protocol.OwnerClient && owner != protocol.OwnerHub {
		return "", "", 0, fmt.Errorf("%w: pool_owner %q is neither client nor hub", protocol.ErrMalformed, ownerText)
	}
	if size, err = strconv.Atoi(sizeText); err != nil || size < 1 {
		return "", "", 0, fmt.Errorf("%w: size %q is not a positive number of bytes", protocol.ErrMalformed, sizeText)
	}
	if size > protocol.MaxBlockSize {
		return "", "", 0, node.NewError(protocol.ErrTooLarge, "size", size, "limit", protocol.MaxBlockSize)
	}
	return client, owner, size, nil
}

// addBlock makes a block of size random bytes and puts it into the pool of that owner. The caller owns
// the copy that is returned.
func (h *Hub) addBlock(p *peerClient, owner protocol.PoolOwner, size int) (protocol.BlockData, error) {
	pool := p.channel.Own
	if owner == protocol.OwnerClient {
		pool = p.channel.Peer
	}
	p.adding.Lock()
	defer p.adding.Unlock()
	if unused := pool.Available(); unused+size > protocol.MaxPoolSize {
		return protocol.BlockData{}, node.NewError(protocol.ErrTooLarge, "size", size, "unused", unused, "limit", protocol.MaxPoolSize)
	}
	random := h.config.Random.For(strings.Join([]string{"psrd", p.name, string(owner)}, " "))
	id, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return protocol.BlockData{}, err
	}
	data := make([]byte, size)
	if _, err := io.ReadFull(random, data); err != nil {
		return protocol.BlockData{}, err
	}
	if err := pool.Add(psrd.NewBlock(id, slices.Clone(data))); err != nil {
		return protocol.BlockData{}, err
	}
	return protocol.BlockData{UUID: id, Data: data}, nil
}

func (h *Hub) getEncryptor(c echo.Context) error {
	name, err := node.Param(c, "name")
	if err != nil {
		return err
	}
	h.mu.Lock()
	owner, bound := h.owners[name]
	h.mu.Unlock()
	if !bound {
		return node.NewError(protocol.ErrUnknownEncryptor, "encryptor_name", name)
	}
	return c.JSON(http.StatusOK, protocol.Encryptor{EncryptorName: name, ClientName: owner})
}

// authorize returns the registered client of that name, for an out-of-band request with that token.
func (h *Hub) authorize(name, token string) (*peerClient, error) {
	p, err := h.find(name)
	if err != nil {
		return nil, err
	}
	if !sameToken(p.token, token) {
		return nil, node.NewError(protocol.ErrWrongToken, "client_name", name)
	}
	return p, nil
}

// find returns the registered client of that name.
func (h *Hub) find(name string) (*peerClient, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.clients[name]
	if p == nil || p.channel == nil {
		return nil, node.NewError(protocol.ErrClientNotRegistered, "client_name", name)
	}
	return p, nil
}

func sameToken(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
