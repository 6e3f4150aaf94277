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

// Liar makes a hub lie, when it is told to: the shares that the hub hands out are altered, and
// signed anew with the hub's own keys, so that no signature shows it. The hub itself knows nothing
// of that. A Liar may serve several hubs of the same name one after the other.
type Liar struct {
	suite protocol.Suite
	lie   [sha256.Size]byte

	lies atomic.Bool
	told atomic.Int64 // lies

	mu   sync.Mutex
	last []toldLie // the lies of a while

	// arriving is held as a whole while a block comes to the hub, and a part of it while the hub is
	// robbed and answers. Time goes on in a bubble while somebody waits for it, as it does not for
	// a mutex.
	arriving *semaphore.Weighted
}

// toldLie is an answer with lies. The hub gives an answer again to a request that comes again, and
// so does the liar: two answers under one key would tell more than one.
type toldLie struct {
	honest string // the signature of the answer that it replaces
	told   wire.Response
}

// maxLies is how many are remembered. A hub forgets its answers after a minute.
const maxLies = 256

// NewLiar returns a liar that is honest so far. Every hub lies in its own way, which follows from
// its name: lies that are alike can cancel out in a reconstruction.
func NewLiar(hub string, suite protocol.Suite) *Liar {
	return &Liar{suite: suite, lie: sha256.Sum256([]byte(hub)), arriving: semaphore.NewWeighted(whole)}
}

// What is taken of [Liar.arriving].
const (
	part  = 1
	whole = 1 << 30
)

func (l *Liar) enter(weight int64) { _ = l.arriving.Acquire(context.Background(), weight) } // without an end it does not fail

// Start begins to lie.
func (l *Liar) Start() { l.lies.Store(true) }

// Stop makes the hub honest, and forgets how many lies there were.
func (l *Liar) Stop() {
	l.lies.Store(false)
	l.told.Store(0)
}

// Lies reports whether the hub lies, and how many shares it has altered.
func (l *Liar) Lies() (lies bool, told int) { return l.lies.Load(), int(l.told.Load()) }

// Around returns the handler of a hub that lies when it is told to. Hub serves the paths below the
// hub's prefix; leak returns the PSRD of the hub and a client that is not consumed.
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
			blocks := leak(r.URL.Query().Get("client_name")) // its keys are gone once it has answered
			response := wire.Answer(hub, r)
			l.arriving.Release(part)
			wire.Write(w, l.alter(response, r.URL.Path == prefix+protocol.PathKeyShare, blocks, r.Header.Get(protocol.SignatureHeader)))
		default:
			hub.ServeHTTP(w, r)
		}
	})
}

// alter returns the response to the request with that signature, with lies for shares. One without
// shares, or whose key is not in blocks, stays as it is.
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

// before returns what was told in the place of an answer before, or else the answer itself.
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

// alterShares returns the body of a response with other shares, and how many there are. A pad lets
// through what is done to the sealed value.
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
