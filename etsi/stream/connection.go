package stream

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"time"
)

// connection is one of an SAE.
type connection struct {
	*server
	sae  string
	conn *tls.Conn
	in   *bufio.Reader
}

// serve serves a connection until either end closes it, or for a while after ctx ends.
func (s *server) serve(ctx context.Context, raw net.Conn) {
	defer raw.Close()
	under, cancel := context.WithCancel(context.WithoutCancel(ctx)) // what is under way may go on for the grace
	defer cancel()
	defer context.AfterFunc(ctx, func() {
		raw.SetReadDeadline(time.Now())
		pause(under, grace)
		cancel()
		raw.Close()
	})()
	conn := tls.Server(raw, s.TLS)
	log := s.Logger.With("from", raw.RemoteAddr().String())
	sae, err := s.welcome(ctx, conn)
	if err != nil {
		log.Info("ETSI 004: refused a connection", "reason", err)
		return
	}
	defer s.leave(sae)
	c := &connection{s, sae, conn, bufio.NewReader(conn)}
	if err := c.converse(ctx, under); err != nil {
		log.Info("ETSI 004: closed a connection", "sae", sae, "reason", err)
	}
	raw.SetWriteDeadline(time.Now().Add(time.Second))
	conn.CloseWrite()
}

var errConnections = errors.New("the SAE has too many connections")

// welcome finds out who is calling.
func (s *server) welcome(ctx context.Context, conn *tls.Conn) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return "", err
	}
	sae, err := s.identify(conn)
	if err != nil {
		return "", errors.New("the certificate is of no SAE of this KME")
	}
	if !s.enter(sae) {
		return "", errConnections
	}
	return sae, nil
}

// converse answers requests until ctx ends. It returns why it has to close the connection.
func (c *connection) converse(ctx, under context.Context) error {
	for {
		m, err := c.receive(ctx)
		if err != nil || m.payload == nil {
			return err
		}
		answer, fault := c.answer(under, m)
		if answer.payload != nil {
			c.conn.SetWriteDeadline(time.Now().Add(messageTime))
			text := answer.append(nil)
			_, err = c.conn.Write(text)
			clear(text)
			clear(answer.payload)
		}
		if err = errors.Join(fault, err); err != nil {
			return err
		}
	}
}

// receive reads a request. It returns one without a payload if there is none: the other end has closed the connection,
// nothing has come for long, or ctx has ended.
func (c *connection) receive(ctx context.Context) (message, error) {
	c.conn.SetReadDeadline(time.Now().Add(idleTime))
	if ctx.Err() != nil { // whose end may have come before the line above
		return message{}, nil
	}
	if _, err := c.in.Peek(1); err != nil {
		return message{}, nil
	}
	c.conn.SetReadDeadline(time.Now().Add(messageTime))
	return read(c.in, maxRequest)
}

// answer answers a request. An error is why the connection has to be closed after that.
func (c *connection) answer(ctx context.Context, m message) (message, error) {
	var payload []byte
	var err error
	version := versionA
	switch m.service {
	case openConnect:
		asked, malformed := parseOpening(m.payload)
		if malformed != nil {
			return message{}, malformed
		}
		if asked.isB {
			version = versionB
		}
		var answer opened
		answer, err = c.open(ctx, c.sae, asked)
		c.note("OPEN_CONNECT", answer.Status, err)
		payload = answer.payload()
		if !asked.isB {
			err = nil
		}
	case getKey:
		asked, malformed := parseWanted(m.payload)
		if malformed != nil {
			return message{}, malformed
		}
		answer := c.get(ctx, asked)
		payload = answer.payload()
		clear(answer.Chunk)
	case closeStream:
		ksid, malformed := parseKSID(m.payload)
		if malformed != nil {
			return message{}, malformed
		}
		status := c.streams.end(streamID{c.sae, ksid})
		c.note("CLOSE", status, status.err())
		payload = binary.BigEndian.AppendUint32(nil, uint32(status))
	default:
		return message{}, fmt.Errorf("%w: service %02x", errMalformed, byte(m.service))
	}
	return message{version, m.service + answerOffset, payload}, err
}

// get answers a GET_KEY.
func (c *connection) get(ctx context.Context, asked wanted) got {
	s := c.streams.get(streamID{c.sae, asked.KSID})
	if s == nil {
		c.note("GET_KEY", NotConnected, errors.New("the SAE has no such stream"))
		return got{Status: NotConnected}
	}
	answer, err := s.deliver(ctx, asked)
	c.note("GET_KEY", answer.Status, err)
	return answer
}

// note logs a call that was refused, or has something to tell.
func (c *connection) note(call string, status Status, err error) {
	if err != nil {
		c.Logger.Info("ETSI 004: "+call, "sae", c.sae, "status", uint32(status), "reason", err)
	}
}
