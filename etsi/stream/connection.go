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

// connection is a connection of an SAE.
type connection struct {
	*server
	sae  string
	conn *tls.Conn
	in   *bufio.Reader
}

// serve serves a connection until either end closes it, or until a grace period after ctx ends.
func (s *server) serve(ctx context.Context, raw net.Conn) {
	defer raw.Close()
	under, cancel := context.WithCancel(context.WithoutCancel(ctx)) // requests under way may continue for the grace period
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

// welcome identifies the caller.
func (s *server) welcome(ctx context.Context, conn *tls.Conn) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return "", err
	}
	sae, err := s.identify(conn)
	if err != nil {
		return "", errors.New("the certificate does not belong to an SAE of this KME")
	}
	if !s.enter(sae) {
		return "", errConnections
	}
	return sae, nil
}

// converse answers requests until ctx ends. It returns the reason to close the connection.
func (c *connection) converse(ctx, under context.Context) error {
	for {
		m, err := c.receive(ctx)
		if err != nil || m.payload == nil {
			return err
		}
		r, fault := c.answer(under, m)
		if err := errors.Join(fault, c.send(r.message)); err != nil {
			return err
		}
		if r.after != nil {
			r.after(under)
		}
	}
}

// send sends an answer, if there is one, and clears it.
func (c *connection) send(m message) error {
	if m.payload == nil {
		return nil
	}
	c.conn.SetWriteDeadline(time.Now().Add(messageTime))
	text := m.append(nil)
	_, err := c.conn.Write(text)
	clear(text)
	clear(m.payload)
	return err
}

// reply is an answer, and the action after it has been sent, if any.
type reply struct {
	message
	after func(context.Context)
}

// receive reads a request. It returns one without a payload if there is none: the other end has
// closed the connection, was idle for too long, or ctx has ended.
func (c *connection) receive(ctx context.Context) (message, error) {
	c.conn.SetReadDeadline(time.Now().Add(idleTime))
	if ctx.Err() != nil { // it may have ended before the line above
		return message{}, nil
	}
	if _, err := c.in.Peek(1); err != nil {
		return message{}, nil
	}
	c.conn.SetReadDeadline(time.Now().Add(messageTime))
	return read(c.in, maxRequest)
}

// answer answers a request. An error is the reason to close the connection after that.
func (c *connection) answer(ctx context.Context, m message) (reply, error) {
	to := message{version: versionA, service: m.service + answerOffset}
	switch m.service {
	case openConnect:
		asked, err := parseOpening(m.payload)
		if err != nil {
			return reply{}, err
		}
		answer, err := c.open(ctx, c.sae, asked)
		c.note("OPEN_CONNECT", answer.Status, err)
		to.payload = answer.payload()
		if asked.isB {
			to.version = versionB
			return reply{message: to}, err
		}
		return reply{message: to}, nil
	case getKey:
		asked, err := parseWanted(m.payload)
		if err != nil {
			return reply{}, err
		}
		answer, after := c.get(ctx, asked)
		to.payload = answer.payload()
		clear(answer.Chunk)
		return reply{to, after}, nil
	case closeStream:
		ksid, err := parseKSID(m.payload)
		if err != nil {
			return reply{}, err
		}
		status := c.streams.end(streamID{c.sae, ksid})
		c.note("CLOSE", status, status.err())
		to.payload = binary.BigEndian.AppendUint32(nil, uint32(status))
		return reply{message: to}, nil
	}
	return reply{}, fmt.Errorf("%w: service %02x", errMalformed, byte(m.service))
}

// get answers a GET_KEY.
func (c *connection) get(ctx context.Context, asked wanted) (got, func(context.Context)) {
	s := c.streams.get(streamID{c.sae, asked.KSID})
	if s == nil {
		c.note("GET_KEY", NotConnected, errors.New("the SAE has no such stream"))
		return got{Status: NotConnected}, nil
	}
	answer, err := s.deliver(ctx, asked)
	c.note("GET_KEY", answer.Status, err)
	if err != nil {
		return answer, nil
	}
	return answer, func(ctx context.Context) {
		c.note("the next keys of a stream", OK, s.prepare(ctx, asked.Index))
	}
}

// note logs a call that was refused or failed in part.
func (c *connection) note(call string, status Status, err error) {
	if err != nil {
		c.Logger.Info("ETSI 004: "+call, "sae", c.sae, "status", uint32(status), "reason", err)
	}
}
