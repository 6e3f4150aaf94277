package stream

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"dske/etsi"
)

// streamID identifies one end of a stream.
type streamID struct {
	sae  string
	ksid uuid.UUID
}

// stream is one end of a stream.
type stream struct {
	QoS
	turn   chan struct{} // full while the chain is in use, which may include a call to the KME
	chain  chain
	expiry *time.Timer
	ended  atomic.Bool
}

// streams is the streams of one KME.
type streams struct {
	kme  KME
	most int // maximum of streams of an SAE

	mu    sync.Mutex
	count map[string]int // by SAE, including streams that are being opened
	open  map[streamID]*stream
}

func newStreams(kme KME, most int) *streams {
	return &streams{kme: kme, most: most, count: map[string]int{}, open: map[streamID]*stream{}}
}

var (
	errTooMany = errors.New("the SAE has as many streams as it can have")
	errInUse   = errors.New("the KSID is in use")
	errEnded   = errors.New("the stream was closed")
	errRoom    = errors.New("no room for the metadata")
)

// reserve reserves a place for a stream of an SAE.
func (s *streams) reserve(id streamID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open[id] != nil {
		return errInUse
	}
	if s.count[id.sae] >= s.most {
		return fmt.Errorf("%w: %d", errTooMany, s.most)
	}
	s.count[id.sae]++
	return nil
}

func (s *streams) release(sae string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.leave(sae)
}

// leave gives a place back. The caller holds s.mu.
func (s *streams) leave(sae string) {
	if s.count[sae]--; s.count[sae] == 0 {
		delete(s.count, sae)
	}
}

// start opens a stream from an SAE to a peer, a new one if the KSID is zero. The QoS may differ
// from the requested one.
func (s *streams) start(ctx context.Context, sae, peer string, asked opening) (QoS, uuid.UUID, error) {
	if err := s.reserve(streamID{sae, asked.KSID}); err != nil {
		return QoS{}, uuid.Nil, err
	}
	qos := asked.served()
	isNew := asked.KSID == uuid.Nil
	c := chain{kme: s.kme, sae: sae, peer: peer, makes: isNew, size: int(qos.ChunkSize), next: asked.KSID}
	ctx, cancel := context.WithTimeout(ctx, qos.timeout())
	defer cancel()
	ksid, err := c.begin(ctx)
	if err != nil {
		s.release(sae)
		return QoS{}, uuid.Nil, err
	}
	qos.ChunkSize = uint32(c.size)
	s.add(streamID{sae, ksid}, &stream{QoS: qos, turn: make(chan struct{}, 1), chain: c})
	return qos, ksid, nil
}

func (s *streams) add(id streamID, added *stream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	added.expiry = time.AfterFunc(added.ttl(), func() { _ = s.end(id) })
	s.open[id] = added
}

// get returns an open stream, or nil, and restarts its time to live.
func (s *streams) get(id streamID) *stream {
	s.mu.Lock()
	defer s.mu.Unlock()
	found := s.open[id]
	if found != nil {
		found.expiry.Reset(found.ttl())
	}
	return found
}

// end closes a stream.
func (s *streams) end(id streamID) Status {
	s.mu.Lock()
	found := s.open[id]
	if found == nil {
		s.mu.Unlock()
		return NotConnected
	}
	found.expiry.Stop()
	delete(s.open, id)
	s.leave(id.sae)
	s.mu.Unlock()
	found.ended.Store(true)
	found.clear()
	return OK
}

// endAll closes all streams.
func (s *streams) endAll() {
	s.mu.Lock()
	ids := slices.Collect(maps.Keys(s.open))
	s.mu.Unlock()
	for _, id := range ids {
		_ = s.end(id)
	}
}

// clear clears the undelivered chunks, or leaves that to the call under way.
func (s *stream) clear() {
	select {
	case s.turn <- struct{}{}:
		s.chain.clear()
		<-s.turn
	default:
	}
}

// leave ends a turn.
func (s *stream) leave() {
	<-s.turn
	if s.ended.Load() {
		s.clear()
	}
}

// enter waits for a turn. The holder must call leave.
func (s *stream) enter(ctx context.Context) error {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	if s.ended.Load() {
		s.leave()
		return errEnded
	}
	return nil
}

// deliver answers a GET_KEY. The error, if any, is the reason why the answer has no chunk. The
// timeout of a call covers waiting and fetching, but not the making of a block.
func (s *stream) deliver(ctx context.Context, asked wanted) (got, error) {
	limited, cancel := context.WithTimeout(ctx, s.timeout())
	defer cancel()
	if err := s.enter(limited); err != nil {
		return got{Status: statusOf(err, NotConnected)}, err
	}
	defer s.leave()
	if !s.chain.makes {
		ctx = limited
	}
	b, place, err := s.chain.find(ctx, asked.Index)
	if err != nil {
		return got{Status: statusOf(err, NotEnoughKey)}, err
	}
	metadata := fmt.Appendf(nil, `{"age":%d,"hops":0}`, time.Since(b.since).Milliseconds())
	if asked.Room == 0 {
		metadata = nil
	}
	if uint64(len(metadata)) > uint64(asked.Room) {
		return got{Status: MetadataTooLarge, Needed: uint32(len(metadata))}, errRoom
	}
	return got{Index: asked.Index, Chunk: s.chain.take(b, place), Metadata: metadata}, nil
}

// prepare makes the next block if it is time for it.
func (s *stream) prepare(ctx context.Context, index uint32) error {
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	return s.chain.prepare(ctx, index)
}

// statusOf returns the status for an error of a KME, or otherwise if the error is not about time.
func statusOf(err error, otherwise Status) Status {
	if etsi.ErrorOf(err).Status == http.StatusGatewayTimeout {
		return TimedOut
	}
	return otherwise
}
