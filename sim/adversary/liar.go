package adversary

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sync/semaphore"

	"dske/protocol"
	"dske/psrd"
	"dske/sim/wire"
)

// Liar makes a hub lie while it is told to: it alters the shares that the hub hands out, and signs
// the answers anew with the hub's own keys, so that no signature shows it. The hub itself does not
// know. A Liar may serve several hubs of the same name one after the other.
type Liar struct {
	suite protocol.Suite
	lie   [sha256.Size]byte

	lies atomic.Bool
	told atomic.Int64 // number of lies

	mu   sync.Mutex
	last []toldLie // recent lies

	// arriving is held as a whole while a block comes to the hub, and in part while the hub's
	// blocks are read and it answers. Virtual time advances while a goroutine waits for it, which
	// it does not for a mutex.
	arriving *semaphore.Weighted
}

// toldLie is an answer with lies. The hub repeats its answer to a repeated request, and so does the
// liar: two answers under one signing key would reveal something.
type toldLie struct {
	honest string // the signature of the answer that it replaces
	told   wire.Response
}

// maxLies is how many lies are remembered. A hub forgets its answers after a minute.
const maxLies = 256

// NewLiar returns a liar that is still honest. Every hub lies in its own way, which derives from
// its name, since equal lies can cancel out in a reconstruction.
func NewLiar(hub string, suite protocol.Suite) *Liar {
	return &Liar{suite: suite, lie: sha256.Sum256([]byte(hub)), arriving: semaphore.NewWeighted(whole)}
}

// The weights of [Liar.arriving].
const (
	part  = 1
	whole = 1 << 30
)

func (l *Liar) enter(weight int64) { _ = l.arriving.Acquire(context.Background(), weight) } // cannot fail without a deadline

// Start begins to lie.
func (l *Liar) Start() { l.lies.Store(true) }

// Stop makes the hub honest, and resets the number of lies.
func (l *Liar) Stop() {
	l.lies.Store(false)
	l.told.Store(0)
}

// Lies reports whether the hub lies, and how many shares have been altered.
func (l *Liar) Lies() (lies bool, told int) { return l.lies.Load(), int(l.told.Load()) }

// Around returns the handler of a hub that lies while it is told to. Hub serves the paths below the
// hub's prefix; leak returns the unconsumed PSRD of the hub and a client.
func (l *Liar) Around(hub http.Handler, prefix string, leak func(client string) []psrd.LeakedBlock) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !l.lies.Load() && !l.hasLied() {
			hub.ServeHTTP(w, r)
			return
		}
		switch r.URL.Path {
		case prefix + protocol.PathPSRD:
			l.enter(whole)
			response := wire.Answer(hub, r)
			l.arriving.Release(whole)
			wire.Write(w, response)
		case prefix + protocol.PathKeyShare, prefix + protocol.PathKeyShares:
			l.enter(part)
			blocks := leak(r.URL.Query().Get("client_name")) // the signing keys are gone once the hub has answered
			response := wire.Answer(hub, r)
			l.arriving.Release(part)
			wire.Write(w, l.alter(response, r.URL.Path == prefix+protocol.PathKeyShare, blocks, r.Header.Get(protocol.SignatureHeader)))
		default:
			hub.ServeHTTP(w, r)
		}
	})
}

// alter returns the response with altered shares. A response without shares, or whose signing key
// is not in blocks, is unchanged.
func (l *Liar) alter(honest wire.Response, single bool, blocks []psrd.LeakedBlock, to string) wire.Response {
	if honest.Status != http.StatusOK {
		return honest
	}
	if told, again := l.before(honest); again || !l.lies.Load() {
		return told
	}
	body, lies, err := l.alterShares(honest.Body, single)
	if err != nil || lies == 0 {
		return honest
	}
	known := newKnowledge(l.suite)
	for _, b := range blocks {
		known.learnBlock(b)
	}
	signature, err := known.channel.Forge(honest.Header.Get(protocol.SignatureHeader), protocol.Response{To: to, Status: honest.Status, Body: body})
	if err != nil {
		return honest
	}
	l.told.Add(int64(lies))
	header := honest.Header.Clone()
	header.Set(protocol.SignatureHeader, signature)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	told := wire.Response{Status: honest.Status, Header: header, Body: body}
	l.remember(honest, told)
	return told
}

func (l *Liar) hasLied() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.last) > 0
}

// before returns the lie that was told in place of an earlier answer, or else the answer itself.
func (l *Liar) before(honest wire.Response) (told wire.Response, again bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	signature := honest.Header.Get(protocol.SignatureHeader)
	i := slices.IndexFunc(l.last, func(t toldLie) bool { return t.honest == signature })
	if i < 0 {
		return honest, false
	}
	return l.last[i].told, true
}

func (l *Liar) remember(honest, told wire.Response) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, toldLie{honest.Header.Get(protocol.SignatureHeader), told})
	l.last = slices.Clone(l.last[max(0, len(l.last)-maxLies):])
}

// alterShares returns the body of a response with altered shares, and their number. A change of the
// sealed value changes the opened value in the same way.
func (l *Liar) alterShares(body []byte, single bool) (altered []byte, lies int, err error) {
	if single {
		reply, err := protocol.ParseShareReply(body)
		if err != nil {
			return nil, 0, err
		}
		l.falsify(reply.Value)
		altered, err = json.Marshal(reply)
		return altered, 1, err
	}
	reply, err := protocol.ParseSharesReply(body)
	if err != nil || len(reply.KeyIDs) == 0 {
		return nil, 0, err
	}
	for share := range slices.Chunk(reply.Value, len(reply.Value)/len(reply.KeyIDs)) {
		l.falsify(share)
	}
	altered, err = json.Marshal(reply)
	return altered, len(reply.KeyIDs), err
}

func (l *Liar) falsify(share []byte) {
	for i := range share {
		share[i] ^= l.lie[i%len(l.lie)]
	}
}
