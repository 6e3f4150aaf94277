package stream

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"dske/etsi"
)

// Config is the configuration to serve streams. KME and TLS are required.
type Config struct {
	KME KME

	// TLS is the configuration of the port. Whatever it says about client certificates, a verified
	// one is required. It is not modified.
	TLS *tls.Config

	Streams int          // maximum of open streams of an SAE; default 64
	Logger  *slog.Logger // for refusals with their reasons; default: none
}

// Limits of time and connections.
const (
	handshakeTime = 10 * time.Second
	messageTime   = 10 * time.Second // from its first byte to its last, in either direction
	idleTime      = 10 * time.Minute // between two requests
	grace         = 2 * time.Second  // for requests under way when serving ends

	mostConnections = 64
)

// Serve serves the streams of one KME on a listener, whose connections must be plain TCP, until ctx
// ends or the listener fails. It closes the listener. It returns when every connection is closed,
// all streams are ended and undelivered chunks are cleared. It returns nil if ctx has ended.
func Serve(ctx context.Context, listener net.Listener, config Config) error {
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	if config.TLS == nil || config.KME == nil {
		return errors.Join(errors.New("streams need TLS and a KME"), listener.Close())
	}
	s := &server{Config: config, streams: newStreams(config.KME, cmp.Or(config.Streams, 64)), connections: map[string]int{}}
	s.TLS = config.TLS.Clone()
	s.TLS.ClientAuth, s.TLS.NextProtos = tls.RequireAndVerifyClientCert, nil
	defer s.streams.endAll()
	return s.accept(ctx, listener)
}

type server struct {
	Config
	streams *streams

	mu          sync.Mutex
	connections map[string]int // by SAE
}

// accept serves connections, and waits for all of them before it returns.
func (s *server) accept(ctx context.Context, listener net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	var connections sync.WaitGroup
	defer connections.Wait()
	defer cancel()
	defer context.AfterFunc(ctx, func() { listener.Close() })()
	for {
		raw, err := listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				raw.Close()
			}
			return nil
		case err == nil:
			connections.Go(func() { s.serve(ctx, raw) })
		case isTemporary(err):
			pause(ctx, 10*time.Millisecond)
		default:
			listener.Close()
			return err
		}
	}
}

// isTemporary reports whether a listener may accept the next connection, for example after file
// descriptors have run out.
func isTemporary(err error) bool {
	temporary, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && temporary.Temporary()
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// enter counts a connection of an SAE, unless the SAE has too many.
func (s *server) enter(sae string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connections[sae] >= mostConnections {
		return false
	}
	s.connections[sae]++
	return true
}

func (s *server) leave(sae string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.connections[sae]--; s.connections[sae] == 0 {
		delete(s.connections, sae)
	}
}

// open answers an OPEN_CONNECT of an SAE.
func (s *server) open(ctx context.Context, sae string, asked opening) (opened, error) {
	answer := opened{Status: NoConnection, QoS: asked.QoS, KSID: asked.KSID, isB: asked.isB}
	if asked.isB {
		return answer, errFraming
	}
	peer, err := peerOf(sae, asked)
	if err != nil {
		return answer, err
	}
	qos, ksid, err := s.streams.start(ctx, sae, peer, asked)
	switch {
	case errors.Is(err, errInUse):
		answer.Status = InUse
		return answer, err
	case err != nil:
		answer.Status = statusOf(err, NoConnection)
		return answer, err
	}
	if answer.Status = OK; qos != asked.QoS {
		answer.Status = QoSNotMet
	}
	answer.QoS, answer.KSID = qos, ksid
	return answer, nil
}

var (
	errFraming = errors.New("framing B (MIME type that ends with a NUL) is not supported, only A")
	errURI     = errors.New("a URI without scheme or host")
	errPeer    = errors.New("neither URI names another SAE as its host")
)

// peerOf returns the SAE at the other end. Some clients name the same source and destination at
// both ends.
func peerOf(sae string, asked opening) (string, error) {
	source, destination := hostOf(asked.Source), hostOf(asked.Destination)
	switch {
	case source == "" || destination == "":
		return "", errURI
	case destination != sae:
		return destination, nil
	case source != sae:
		return source, nil
	}
	return "", errPeer
}

// hostOf returns the decoded host of a URI, or "". It may be any SAE ID, which [net/url] would not
// accept.
func hostOf(uri string) string {
	scheme, rest, _ := strings.Cut(uri, "://")
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		rest = rest[:end]
	}
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	if colon := strings.LastIndexByte(rest, ':'); colon >= 0 && strings.Trim(rest[colon+1:], "0123456789") == "" {
		rest = rest[:colon]
	}
	host, err := url.PathUnescape(rest)
	if err != nil || scheme == "" {
		return ""
	}
	return host
}

// identify returns the SAE at the other end of a connection.
func (s *server) identify(connection *tls.Conn) (string, error) {
	return etsi.IdentifyPeer(connection.ConnectionState(), s.KME.Encryptors())
}
