package sim

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/etsi/stream"
	"dske/node"
)

// Clients also deliver keys over ETSI GS QKD 004, each on a port of its own, since the protocol is
// not HTTP and does not name a client. Streams belong to the port, not to the node: they outlive a
// client that stops, but get no further keys until a client is in its place again.

// openStreams opens the port of a client's streams.
func (n *Network) openStreams(c *clientPlace, address string) (err error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return &ListenError{address, errors.Unwrap(err)}
	}
	own := c.newPorts()
	own.streams, own.streamsAt = &watchedListener{Listener: listener, logger: n.config.Logger}, reachable(listener.Addr(), address)
	return nil
}

// serveStreams serves the streams of a client, by its number, until the network ends.
func (n *Network) serveStreams(client int) error {
	c := n.localAt(client)
	return stream.Serve(n.running, c.own.streams, stream.Config{
		KME:    streamKME{c},
		TLS:    n.tlsOf(client),
		Logger: n.config.Logger.With(string(c.kind()), c.name()),
	})
}

// closeStreams closes the ports of streams, which also ends connections that are being served.
func (n *Network) closeStreams() {
	for _, c := range n.clients {
		if streams := c.ports().streams; streams != nil {
			streams.Close()
		}
	}
}

// streamKME is the KME behind the streams of a client: the member in its place makes and fetches
// the keys.
type streamKME struct{ *clientPlace }

var _ stream.KME = streamKME{}

// Encryptors implements [stream.KME].
func (k streamKME) Encryptors() []string { return slices.Clone(k.network.encryptorsOf(&k.place)) }

// GetKey implements [stream.KME].
func (k streamKME) GetKey(ctx context.Context, master, slave string, request etsi.KeyRequest) ([]etsi.Key, error) {
	return k.visit(ctx, func(ctx context.Context, kme stream.KME) ([]etsi.Key, error) {
		return kme.GetKey(ctx, master, slave, request)
	})
}

// GetKeyWithKeyIDs implements [stream.KME].
func (k streamKME) GetKeyWithKeyIDs(ctx context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error) {
	return k.visit(ctx, func(ctx context.Context, kme stream.KME) ([]etsi.Key, error) {
		return kme.GetKeyWithKeyIDs(ctx, slave, master, ids)
	})
}

// visit calls the member as a request under way, for which a stop waits.
func (k streamKME) visit(ctx context.Context, call func(context.Context, stream.KME) ([]etsi.Key, error)) ([]etsi.Key, error) {
	l, v := k.enter(ctx, nil)
	if l == nil {
		return nil, &etsi.Error{Status: http.StatusServiceUnavailable, Message: node.Stopped(k.kind(), k.name()).Message}
	}
	defer l.requests.leave(v)
	kme, ok := l.member.(stream.KME)
	if !ok {
		return nil, errors.ErrUnsupported
	}
	return call(v, kme)
}
