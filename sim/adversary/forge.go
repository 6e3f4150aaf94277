package adversary

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/protocol"
	"dske/sim/wire"
)

// Deduce computes the pads of withheld messages whose shares he knows. Their bytes are unused at
// the receiver, so he can use them. It returns the number of bytes.
func (h *Hands) Deduce() int {
	deduced := 0
	for _, k := range h.Kept() {
		deduced += h.deduce(k)
	}
	return deduced
}

func (h *Hands) deduce(k Kept) int {
	m := wire.Message{Request: k.Request}
	batch, owner := findPosted(m), protocol.OwnerClient
	if k.Response != nil {
		m.Response = *k.Response
		batch, owner = findFetched(m), protocol.OwnerHub
	}
	if len(batch.KeyIDs) != 1 || len(batch.Value) == 0 {
		return 0
	}
	shares := h.polynomial(batch.KeyIDs[0])
	if shares == nil {
		return 0
	}
	pad := at(h.suite, shares, batch.ShareIndex)
	if len(pad) != len(batch.Value) {
		return 0
	}
	for i := range pad {
		pad[i] ^= batch.Value[i]
	}
	h.Adversary.mu.Lock()
	defer h.Adversary.mu.Unlock()
	return h.of(k.Request.To).deduce(k.Request.From, owner, batch.Pad.Fragments, pad)
}

// polynomial returns the known shares of a key for one slave if they are enough to compute all
// others, and nil otherwise.
func (h *Hands) polynomial(key uuid.UUID) []protocol.Share {
	shares := map[string][]protocol.Share{} // by secret tag, which differs between slaves
	for _, s := range h.gather(key).certain {
		tag := string(s.Terms.SecretTag)
		if !slices.ContainsFunc(shares[tag], func(other protocol.Share) bool { return other.Index == s.Index }) {
			shares[tag] = append(shares[tag], s)
		}
		if len(shares[tag]) == h.threshold {
			return shares[tag]
		}
	}
	return nil
}

// ForgeAnswers answers requests for a key with shares of a key of his own, in the name of hubs. He
// signs with bytes of theirs that he has deduced. It returns that key, of size bytes; hubs is the
// number of hubs.
func (h *Hands) ForgeAnswers(key uuid.UUID, size, hubs int) (protocol.Secret, error) {
	own, shares, err := newKey(h.suite, size, h.threshold, hubs)
	if err != nil {
		return own, err
	}
	indices := h.indices()
	h.begin(func(_ context.Context, r *wire.Request, _ wire.Deliver) (wire.Response, bool, error) {
		index, known := indices[r.To]
		if r.Method != http.MethodGet || !slices.Contains(keysOf(r), key) || !known {
			return wire.Response{}, false, nil
		}
		response, err := h.forgeAnswer(r, shares[index])
		if err != nil {
			return wire.Response{}, false, nil
		}
		h.note("forge an answer", r.From, r.To, response.Status)
		return response, true, nil
	})
	return own, nil
}

func (h *Hands) forgeAnswer(r *wire.Request, share protocol.Share) (wire.Response, error) {
	h.Adversary.mu.Lock()
	defer h.Adversary.mu.Unlock()
	known := h.of(r.To)
	sealed, err := known.seal(r.From, protocol.OwnerHub, share.Value.Reveal())
	if err != nil {
		return wire.Response{}, err
	}
	signer, err := known.signer(r.From, protocol.OwnerHub)
	if err != nil {
		return wire.Response{}, err
	}
	body, err := json.Marshal(protocol.ShareReply{ShareIndex: share.Index, Terms: share.Terms, SealedShare: sealed})
	if err != nil {
		return wire.Response{}, err
	}
	context := h.suite.ResponseContext(protocol.Response{To: r.Header.Get(protocol.SignatureHeader), Status: http.StatusOK, Body: body})
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set(protocol.SignatureHeader, signer.sign(h.suite, context, body))
	return wire.Response{Status: http.StatusOK, Header: header, Body: body}, nil
}

// indices returns the index of each hub's share, as far as he has seen shares of it.
func (h *Hands) indices() map[string]int {
	h.Adversary.mu.Lock()
	defer h.Adversary.mu.Unlock()
	indices := map[string]int{}
	for _, shares := range h.recorded.byKey {
		for _, s := range shares {
			indices[s.hub] = s.batch.ShareIndex
		}
	}
	return indices
}

// Names are the claimed sender, master and slave of a share.
type Names struct {
	Client string // such as client/carol; he sends in its name and with its bytes
	Master string // encryptor
	Slave  string // encryptor
}

// ForgePosts sends hubs shares of a key of his own in the name of a client, and returns the key's
// ID and the key. He signs with bytes of the client that he knows, and leaves out hubs for which he
// knows too few.
func (h *Hands) ForgePosts(ctx context.Context, n Names, size, hubs int) (uuid.UUID, protocol.Secret, error) {
	key, shares, err := newKey(h.suite, size, h.threshold, hubs)
	id := uuid.New()
	if err != nil {
		return id, key, err
	}
	sent := 0
	for hub, index := range h.indices() {
		if h.forgePost(ctx, hub, n, id, shares[index]) == nil {
			sent++
		}
	}
	if sent == 0 {
		return id, key, errPoor
	}
	return id, key, nil
}

// forgePost sends a hub a share in the name of a client.
func (h *Hands) forgePost(ctx context.Context, hub string, n Names, id uuid.UUID, share protocol.Share) error {
	h.Adversary.mu.Lock()
	sealed, err := h.of(hub).seal(n.Client, protocol.OwnerClient, share.Value.Reveal())
	h.Adversary.mu.Unlock()
	if err != nil {
		return err
	}
	return h.post(ctx, "forge a POST", hub, n, protocol.PostShare{KeyID: id, ShareIndex: share.Index, Terms: share.Terms, SealedShare: sealed})
}

// post signs a sealed share, and sends it to a hub.
func (h *Hands) post(ctx context.Context, what, hub string, n Names, m protocol.PostShare) error {
	m.ClientName, m.MasterSAE, m.SlaveSAE = n.Client[len("client/"):], n.Master, n.Slave
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	h.Adversary.mu.Lock()
	signer, err := h.of(hub).signer(n.Client, protocol.OwnerClient)
	h.Adversary.mu.Unlock()
	if err != nil {
		return err
	}
	_, err = h.send(ctx, what, h.signed(hub, signer, protocol.Request{Method: http.MethodPost, Path: protocol.PathKeyShare, Body: body}))
	return err
}

// signed returns a signed request to a hub.
func (h *Hands) signed(hub string, signer material, r protocol.Request) wire.Request {
	header := http.Header{"Content-Type": {"application/json"}}
	header.Set(protocol.SignatureHeader, signer.sign(h.suite, h.suite.RequestContext(r), r.Body))
	return wire.Request{To: hub, Method: r.Method, Path: r.Path, Query: r.Query, Header: header, Body: r.Body}
}

// Readdress sends hubs the shares of a key whose POSTs he has withheld as shares of another key,
// which is for an encryptor of his: the hubs open them. A nil key stands for that of the last
// withheld message. It returns the ID of the new key and its master. He signs with bytes of the
// client that he has deduced from other messages.
func (h *Hands) Readdress(ctx context.Context, key uuid.UUID, slave string) (id uuid.UUID, master string, err error) {
	id, err = uuid.New(), errPoor
	kept := h.Kept()
	if key == uuid.Nil {
		for _, k := range kept {
			for _, last := range k.keys {
				key = last
			}
		}
	}
	for _, k := range kept {
		m, malformed := protocol.ParsePostShare(k.Request.Body)
		if k.Response != nil || malformed != nil || m.KeyID != key {
			continue
		}
		master = m.MasterSAE
		n := Names{k.Request.From, master, slave}
		m.KeyID = id
		if h.post(ctx, "re-address", k.Request.To, n, m) == nil {
			err = nil
		}
	}
	return id, master, err
}

// Squat takes the ID of every key at every hub, as soon as he sees a POST with it, for a key of a
// client of his own.
func (h *Hands) Squat(n Names) {
	h.begin(func(ctx context.Context, r *wire.Request, _ wire.Deliver) (wire.Response, bool, error) {
		post, err := protocol.ParsePostShare(r.Body)
		if r.Method != http.MethodPost || err != nil || r.From == n.Client {
			return wire.Response{}, false, nil
		}
		share := protocol.Share{Index: post.ShareIndex, Terms: post.Terms, Value: protocol.NewSecret(make([]byte, len(post.Value)))}
		_ = h.forgePost(ctx, r.To, n, post.KeyID, share) // send records what the hub answers
		return wire.Response{}, false, nil
	})
}

// InPieces asks a hub for an unknown key in the name of a client of his own, and names his signing
// key in two pieces, the second first.
func (h *Hands) InPieces(ctx context.Context, n Names, hub string) error {
	h.Adversary.mu.Lock()
	signer, err := h.of(hub).signer(n.Client, protocol.OwnerClient)
	h.Adversary.mu.Unlock()
	if err != nil {
		return err
	}
	query := protocol.GetShare{ClientName: n.Client[len("client/"):], MasterSAE: n.Master, SlaveSAE: n.Slave, KeyID: uuid.New()}.Query()
	r := protocol.Request{Method: http.MethodGet, Path: protocol.PathKeyShare, Query: query}
	_, err = h.send(ctx, "name a key in pieces", h.signed(hub, signer.inPieces(), r))
	return err
}
