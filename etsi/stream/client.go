package stream

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/google/uuid"
)

// Client is an SAE's end of the interface: a connection to one KME, with one call at a time. After
// an error other than a [Status], the connection cannot be used any more.
type Client struct {
	conn net.Conn
}

// Dial connects to the KME at an address, host:port. The certificate in config identifies the
// caller.
func Dial(ctx context.Context, address string, config *tls.Config) (*Client, error) {
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return NewClient(conn), nil
}

// NewClient returns a client that takes over a connection.
func NewClient(conn net.Conn) *Client { return &Client{conn} }

// Close closes the connection. Streams stay open.
func (c *Client) Close() error { return c.conn.Close() }

// Open opens a stream between the SAEs that two URIs name, as in sae://sofia. A zero ksid makes a
// new stream. It returns the QoS and the KSID of the stream, even with the error [QoSNotMet]: then
// the stream is open with the returned QoS.
func (c *Client) Open(ctx context.Context, source, destination string, qos QoS, ksid uuid.UUID) (QoS, uuid.UUID, error) {
	if len(source) > maxURI || len(destination) > maxURI || len(qos.MIME) >= mimeSize {
		return QoS{}, uuid.Nil, fmt.Errorf("a URI of more than %d bytes, or a MIME type of %d or more", maxURI, mimeSize)
	}
	payload, err := c.call(ctx, openConnect, opening{Source: source, Destination: destination, QoS: qos, KSID: ksid}.payload())
	if err != nil {
		return QoS{}, uuid.Nil, err
	}
	answer, err := parseOpened(payload)
	if err != nil {
		return QoS{}, uuid.Nil, err
	}
	return answer.QoS, answer.KSID, answer.err()
}

// GetKey returns the chunk with an index, which is secret, and its metadata. room is the maximum
// size of the metadata, in bytes.
func (c *Client) GetKey(ctx context.Context, ksid uuid.UUID, index, room uint32) (chunk, metadata []byte, err error) {
	payload, err := c.call(ctx, getKey, wanted{ksid, index, room}.payload())
	if err != nil {
		return nil, nil, err
	}
	answer, err := parseGot(payload)
	if err == nil {
		err = answer.err()
	}
	if err == nil && answer.Index != index {
		err = fmt.Errorf("the KME delivered chunk %d, not %d", answer.Index, index)
	}
	return answer.Chunk, answer.Metadata, err
}

// CloseStream ends a stream at this end.
func (c *Client) CloseStream(ctx context.Context, ksid uuid.UUID) error {
	payload, err := c.call(ctx, closeStream, ksid[:])
	if err != nil {
		return err
	}
	status, _, err := parseStatus(payload)
	if err != nil {
		return err
	}
	return status.err()
}

// call sends a request and returns the payload of the answer.
func (c *Client) call(ctx context.Context, s service, payload []byte) ([]byte, error) {
	defer context.AfterFunc(ctx, func() { c.conn.SetDeadline(time.Now()) })()
	if _, err := c.conn.Write(message{versionA, s, payload}.append(nil)); err != nil {
		return nil, err
	}
	answer, err := read(c.conn, maxAnswer)
	if err != nil {
		return nil, err
	}
	switch answer.service {
	case s + answerOffset:
		return answer.payload, nil
	case failed:
		if len(answer.payload) >= 4 {
			return nil, Status(binary.BigEndian.Uint32(answer.payload))
		}
	}
	return nil, fmt.Errorf("%w: an answer of service %02x", errMalformed, byte(answer.service))
}
