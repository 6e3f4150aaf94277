package hub

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"dske/node"
	"dske/protocol"
	"dske/psrd"
)

func (h *Hub) putRegistration(c echo.Context) error {
	body, err := node.ReadBody(c, maxBody)
	if err != nil {
		return err
	}
	var r protocol.Registration
	if err := protocol.Unmarshal(body, &r); err != nil {
		return err
	}
	if err := h.register(c.Request().Context(), r, h.proof(c)); err != nil {
		return err
	}
	return c.JSONBlob(http.StatusOK, h.registrationAnswer)
}

// newRegistrationAnswer returns the answer to every registration.
func (h *Hub) newRegistrationAnswer() ([]byte, error) {
	registered := protocol.NewRegistered(h.config.Name, h.config.Suite)
	registered.Boot = h.journal.boot
	answer, err := protocol.Marshal(registered)
	return append(answer, '\n'), err // as Echo ends its JSON
}

// register registers a client or, if it is registered, lets it start again with empty pools.
func (h *Hub) register(ctx context.Context, r protocol.Registration, shown node.Proof) error {
	if len(r.EncryptorNames) == 0 {
		r.EncryptorNames = []string{r.ClientName}
	}
	if err := checkNames(r); err != nil {
		return err
	}
	if n := len(shown.Token); n > protocol.MaxToken {
		return node.NewError(protocol.ErrTooLarge, "token", n, "limit", protocol.MaxToken)
	}
	line, err := h.enterLine(ctx, r.ClientName)
	if err != nil {
		return err
	}
	defer line.Leave()
	if err := h.mayRegister(r, shown); err != nil {
		return err
	}
	_, err = h.welcome(r, h.tokenOf(r.ClientName, shown))
	return err
}

// welcome registers a client that is admitted, with empty pools. The caller holds the line of the
// client.
func (h *Hub) welcome(r protocol.Registration, token string) (*peerClient, error) {
	if err := h.journal.register(r, token, true); err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	p := newPeerClient(h.asEnrolled(r), token, h.config.Suite)
	h.config.Counters.Watch(p.channel.PeerPools(), p.channel.OwnPools())
	h.bind(p, h.clients[p.name])
	h.config.Logger.Info("client registered", "client", r.ClientName)
	return p, nil
}

// mayRegister returns an error if a client may not register with r.
func (h *Hub) mayRegister(r protocol.Registration, shown node.Proof) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.admit(r.ClientName, shown); err != nil {
		return err
	}
	for _, name := range r.EncryptorNames {
		if err := h.admitEncryptor(r.ClientName, name); err != nil {
			return err
		}
	}
	return h.checkStrangers(r)
}

// bind puts a client with its encryptors in the place of its previous registration, if any. The
// caller holds h.mu.
func (h *Hub) bind(p, before *peerClient) {
	if before != nil {
		for _, name := range before.encryptors {
			delete(h.owners, name)
		}
		before.end()
	}
	if h.config.Directory.Client(p.name) == nil {
		for _, name := range p.encryptors {
			h.owners[name] = p.name
		}
	}
	h.clients[p.name] = p
}

func checkNames(r protocol.Registration) error {
	if err := protocol.CheckName(r.ClientName); err != nil {
		return fmt.Errorf("%w: client %w", protocol.ErrMalformed, err)
	}
	if n := len(r.EncryptorNames); n > protocol.MaxEncryptors {
		return node.NewError(protocol.ErrTooLarge, "encryptors", n, "limit", protocol.MaxEncryptors)
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
	name, err := protocol.Single(query, "client_name")
	if err != nil {
		return err
	}
	if err := h.unregister(c.Request().Context(), name, h.proof(c)); err != nil {
		return err
	}
	return c.JSON(http.StatusOK, struct{}{})
}

// unregister ends the registration of a client. Its name and encryptors remain its own.
func (h *Hub) unregister(ctx context.Context, name string, shown node.Proof) error {
	line, err := h.enterLine(ctx, name)
	if err != nil {
		return err
	}
	defer line.Leave()
	p, err := h.authorize(name, shown)
	if err != nil {
		return err
	}
	defer p.leave()
	if err := h.journal.register(p.registration(), p.token, false); err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clients[name] = &peerClient{name: p.name, token: p.token, encryptors: p.encryptors}
	p.end()
	return nil
}

func (h *Hub) getPSRD(c echo.Context) error {
	q, err := protocol.ParseGetBlock(c.Request().URL.RawQuery, h.config.Suite)
	if err != nil {
		return err
	}
	if err := checkSize(q); err != nil {
		return err
	}
	body, err := h.supply(c.Request().Context(), q, h.proof(c))
	if err != nil {
		return err
	}
	return node.WriteSecret(c, body)
}

// supply is blockFor for an out-of-band request with this proof. It leaves the line of the client
// before the block is sent: a client that does not read it holds up nobody.
func (h *Hub) supply(ctx context.Context, q protocol.GetBlock, shown node.Proof) ([]byte, error) {
	line, err := h.enterLine(ctx, q.ClientName)
	if err != nil {
		return nil, err
	}
	defer line.Leave()
	p, err := h.authorize(q.ClientName, shown)
	if err != nil {
		return nil, err
	}
	defer p.leave()
	return h.blockFor(ctx, p, q)
}

// blockFor makes a block and returns its encoded form, which the caller clears.
func (h *Hub) blockFor(ctx context.Context, p *peerClient, q protocol.GetBlock) ([]byte, error) {
	leave, err := h.config.Bulk.Enter(ctx, q.Size)
	if err != nil {
		return nil, err
	}
	defer leave()
	return h.addBlock(p, q)
}

// parseQuery reads the query of a request. Echo would silently drop members that it cannot parse.
func parseQuery(c echo.Context) (url.Values, error) {
	query, err := url.ParseQuery(c.Request().URL.RawQuery)
	if err != nil {
		return nil, fmt.Errorf("%w: query: %w", protocol.ErrMalformed, err)
	}
	return query, nil
}

// checkSize returns an error unless a block may have that size.
func checkSize(q protocol.GetBlock) error {
	if q.Size > protocol.MaxBlockSize {
		return node.NewError(protocol.ErrTooLarge, "size", q.Size, "limit", protocol.MaxBlockSize)
	}
	if q.Purpose == psrd.ForKeys && q.Size%psrd.SlotSize != 0 {
		return fmt.Errorf("%w: a block for keys of %d bytes", psrd.ErrNotSlot, q.Size)
	}
	return nil
}

// addBlock makes a block of random bytes and puts it into its pool; with sessions it does so when
// the client acknowledges the block. It returns what is sent to the client. The caller owns that,
// and holds the line of the client.
func (h *Hub) addBlock(p *peerClient, q protocol.GetBlock) ([]byte, error) {
	if err := h.journal.checkSession(p); err != nil {
		return nil, err
	}
	if err := checkPool(p.held(q), q.Size); err != nil {
		return nil, err
	}
	if err := h.checkStock(p, q.Size); err != nil {
		return nil, err
	}
	random := h.config.Random.For("psrd", p.name, string(q.Owner), string(q.Purpose))
	id, err := uuid.NewRandomFromReader(random)
	if err != nil {
		return nil, err
	}
	data := make([]byte, q.Size)
	if err := h.config.Bulk.Fill(data, random); err != nil {
		return nil, err
	}
	body := protocol.BlockData{UUID: id, Data: data}.Encode()
	if err := h.putBlock(p, q, id, data); err != nil {
		clear(body)
		return nil, err
	}
	return body, nil
}

// putBlock is addBlock for a block that was made, whose data the hub owns from then on.
func (h *Hub) putBlock(p *peerClient, q protocol.GetBlock, id uuid.UUID, data []byte) error {
	if h.journal.hasSessions() {
		if err := h.journal.addBlock(q, id, data); err != nil {
			clear(data)
			return err
		}
		return p.addFresh(id, q, data)
	}
	if err := p.pool(q.Owner, q.Purpose).Add(psrd.NewBlock(id, data)); err != nil {
		clear(data)
		return err
	}
	if q.Owner == protocol.OwnerHub {
		p.noteSupplied(q.Purpose)
	}
	return nil
}

const (
	// maxBlocks is the number of blocks at which a pool is full: those of a pool of the maximum
	// size if each block has the default size.
	maxBlocks = protocol.MaxPoolSize / protocol.DefaultBlockSize

	// maxHeld is the number of bytes at which a pool is full. It includes the used bytes of blocks
	// that are not used up.
	maxHeld = 2 * protocol.MaxPoolSize
)

// checkPool returns an error if another block of size bytes is too much for a pool that holds so
// much. It also limits what keeping the pool costs: a client may ask for blocks of one byte each, or
// leave one byte of each block.
func checkPool(held psrd.Total, size int) error {
	switch {
	case held.Unused+size > protocol.MaxPoolSize:
		return node.NewError(protocol.ErrTooLarge, "size", size, "unused", held.Unused, "limit", protocol.MaxPoolSize)
	case held.Size+size > maxHeld:
		return node.NewError(protocol.ErrTooLarge, "size", size, "held", held.Size, "limit", maxHeld)
	case held.Blocks >= maxBlocks:
		return node.NewError(protocol.ErrTooLarge, "blocks", held.Blocks, "limit", maxBlocks)
	}
	return nil
}

func (h *Hub) getEncryptor(c echo.Context) error {
	name, err := node.Param(c, "name")
	if err != nil {
		return err
	}
	owner, known := h.ownerOf(name)
	if !known {
		return node.NewError(protocol.ErrUnknownEncryptor, "encryptor_name", name)
	}
	return c.JSON(http.StatusOK, protocol.Encryptor{EncryptorName: name, ClientName: owner})
}

// authorize is enter for an out-of-band request with this proof.
func (h *Hub) authorize(name string, shown node.Proof) (*peerClient, error) {
	if err := h.checkProof(name, shown); err != nil {
		return nil, err
	}
	return h.enter(name)
}

// checkProof returns an error unless the proof allows dealing with the hub in the name of that
// client.
func (h *Hub) checkProof(name string, shown node.Proof) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.admit(name, shown)
}

// enter returns the registered client of that name. The caller must call leave.
func (h *Hub) enter(name string) (*peerClient, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.clients[name]
	if p == nil || !p.registered {
		return nil, node.NewError(protocol.ErrClientNotRegistered, "client_name", name)
	}
	p.enter()
	return p, nil
}
