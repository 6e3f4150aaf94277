package stream

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/google/uuid"
)

// A message is a header of 8 bytes (the version as major, minor and patch, the service, and the
// size of the payload), followed by the payload. All numbers are big-endian.
const (
	headerSize = 8
	ksidSize   = 16
	mimeSize   = 256
)

// Maximum sizes of payloads, in bytes. Larger ones are refused before memory is allocated for them.
const (
	maxURI      = 1024
	maxRequest  = 2*(maxURI+1) + openSize
	maxAnswer   = 16 + MaxChunkSize + maxMetadata
	maxMetadata = 1 << 16
)

// openSize is the size of the part after the URIs of an OPEN_CONNECT in framing A, in bytes.
const openSize = numbersSize + mimeSize + ksidSize

// service is the kind of a message. The number of an answer is that of its request plus one.
type service byte

const (
	failed       service = 0x00
	openConnect  service = 0x02
	getKey       service = 0x04
	closeStream  service = 0x08
	shutDown     service = 0xff // not supported
	answerOffset service = 1
)

var (
	versionA = [3]byte{1, 0, 1}
	versionB = [3]byte{2, 1, 1}
)

var errMalformed = errors.New("malformed message")

// message is a message on a connection. A payload with a chunk is secret.
type message struct {
	version [3]byte
	service service
	payload []byte
}

// append appends the wire form of the message.
func (m message) append(to []byte) []byte {
	to = append(append(to, m.version[:]...), byte(m.service))
	return append(binary.BigEndian.AppendUint32(to, uint32(len(m.payload))), m.payload...)
}

// read reads a message with a payload of at most limit bytes. If the input ends before the first
// byte it returns [io.EOF].
func read(from io.Reader, limit int) (message, error) {
	var header [headerSize]byte
	if _, err := io.ReadFull(from, header[:]); err != nil {
		return message{}, err
	}
	m := message{[3]byte(header[:]), service(header[3]), nil}
	size := binary.BigEndian.Uint32(header[4:])
	if uint64(size) > uint64(limit) {
		return m, fmt.Errorf("%w: a payload of %d bytes, more than %d", errMalformed, size, limit)
	}
	m.payload = make([]byte, size)
	if _, err := io.ReadFull(from, m.payload); err != nil {
		return m, io.ErrUnexpectedEOF
	}
	return m, nil
}

// opening is the content of an OPEN_CONNECT.
type opening struct {
	Source, Destination string // URIs
	QoS
	KSID uuid.UUID // zero: a new stream

	isB bool // framing B, where the MIME type ends with a NUL instead of filling a field
}

func (o opening) payload() []byte {
	p := append(append([]byte(o.Source), 0), append([]byte(o.Destination), 0)...)
	p = o.appendMIME(o.appendNumbers(p), o.isB)
	return append(p, o.KSID[:]...)
}

func (q QoS) appendMIME(to []byte, isB bool) []byte {
	to = append(to, q.MIME...)
	if isB {
		return append(to, 0)
	}
	return append(to, make([]byte, mimeSize-len(q.MIME))...)
}

// parseOpening reads the payload of an OPEN_CONNECT, in either framing.
func parseOpening(payload []byte) (opening, error) {
	var o opening
	source, rest, found := bytes.Cut(payload, []byte{0})
	destination, rest, also := bytes.Cut(rest, []byte{0})
	if !found || !also || len(source) > maxURI || len(destination) > maxURI || len(rest) < numbersSize+1+ksidSize || len(rest) > openSize {
		return o, fmt.Errorf("%w: OPEN_CONNECT", errMalformed)
	}
	o.Source, o.Destination = string(source), string(destination)
	o.parseNumbers(rest[:numbersSize])
	mime := rest[numbersSize : len(rest)-ksidSize]
	name, padding, found := bytes.Cut(mime, []byte{0})
	o.MIME, o.isB = string(name), len(mime) < mimeSize
	if !found || o.isB && len(padding) > 0 {
		return o, fmt.Errorf("%w: MIME type of an OPEN_CONNECT", errMalformed)
	}
	o.KSID = uuid.UUID(rest[len(rest)-ksidSize:])
	return o, nil
}

// opened is the answer to an OPEN_CONNECT.
type opened struct {
	Status
	QoS
	KSID uuid.UUID

	isB bool
}

// payload has all members if the stream is open, and always in framing B.
func (o opened) payload() []byte {
	p := binary.BigEndian.AppendUint32(nil, uint32(o.Status))
	if !o.isB && o.Status != OK && o.Status != QoSNotMet {
		return p
	}
	return append(o.appendMIME(o.appendNumbers(p), o.isB), o.KSID[:]...)
}

// parseOpened reads an answer in framing A.
func parseOpened(payload []byte) (opened, error) {
	var o opened
	status, rest, err := parseStatus(payload)
	o.Status = status
	if err != nil || status != OK && status != QoSNotMet {
		return o, err
	}
	if len(rest) != openSize {
		return o, fmt.Errorf("%w: answer to OPEN_CONNECT", errMalformed)
	}
	o.parseNumbers(rest[:numbersSize])
	o.MIME = strings.TrimRight(string(rest[numbersSize:numbersSize+mimeSize]), "\x00")
	o.KSID = uuid.UUID(rest[numbersSize+mimeSize:])
	return o, nil
}

// parseStatus reads the status at the start of an answer.
func parseStatus(payload []byte) (Status, []byte, error) {
	if len(payload) < 4 {
		return 0, nil, fmt.Errorf("%w: answer without a status", errMalformed)
	}
	return Status(binary.BigEndian.Uint32(payload)), payload[4:], nil
}

// wanted is the content of a GET_KEY.
type wanted struct {
	KSID  uuid.UUID
	Index uint32
	Room  uint32 // for metadata, in bytes; 0: no metadata wanted
}

const wantedSize = ksidSize + 8

func (w wanted) payload() []byte {
	p := binary.BigEndian.AppendUint32(w.KSID[:len(w.KSID):len(w.KSID)], w.Index)
	return binary.BigEndian.AppendUint32(p, w.Room)
}

func parseWanted(payload []byte) (wanted, error) {
	if len(payload) != wantedSize {
		return wanted{}, fmt.Errorf("%w: GET_KEY", errMalformed)
	}
	return wanted{uuid.UUID(payload[:ksidSize]), binary.BigEndian.Uint32(payload[ksidSize:]),
		binary.BigEndian.Uint32(payload[ksidSize+4:])}, nil
}

// got is the answer to a GET_KEY.
type got struct {
	Status
	Index    uint32
	Chunk    []byte // secret
	Metadata []byte
	Needed   uint32 // bytes of room needed, with MetadataTooLarge
}

func (g got) payload() []byte {
	p := make([]byte, 0, 16+len(g.Chunk)+len(g.Metadata)) // enough room, so that no copy of the chunk stays behind
	p = binary.BigEndian.AppendUint32(p, uint32(g.Status))
	switch g.Status {
	case OK:
		p = binary.BigEndian.AppendUint32(p, g.Index)
		p = append(binary.BigEndian.AppendUint32(p, uint32(len(g.Chunk))), g.Chunk...)
		p = append(binary.BigEndian.AppendUint32(p, uint32(len(g.Metadata))), g.Metadata...)
	case MetadataTooLarge:
		p = binary.BigEndian.AppendUint32(p, g.Needed)
	}
	return p
}

// parseGot reads an answer to GET_KEY. Chunk and metadata are parts of the payload.
func parseGot(payload []byte) (got, error) {
	var g got
	status, rest, err := parseStatus(payload)
	g.Status = status
	malformed := fmt.Errorf("%w: answer to GET_KEY", errMalformed)
	switch {
	case err != nil:
		return g, err
	case status == MetadataTooLarge && len(rest) == 4:
		g.Needed = binary.BigEndian.Uint32(rest)
		return g, nil
	case status != OK:
		return g, nil
	case len(rest) < 4:
		return g, malformed
	}
	g.Index = binary.BigEndian.Uint32(rest)
	var found, also bool
	g.Chunk, rest, found = cutSized(rest[4:])
	g.Metadata, rest, also = cutSized(rest)
	if !found || !also || len(rest) > 0 {
		return got{}, malformed
	}
	return g, nil
}

// cutSized cuts off a value that is preceded by its size.
func cutSized(data []byte) (value, rest []byte, found bool) {
	if len(data) < 4 {
		return nil, nil, false
	}
	size := binary.BigEndian.Uint32(data)
	if uint64(size) > uint64(len(data)-4) {
		return nil, nil, false
	}
	return data[4 : 4+size], data[4+size:], true
}

func parseKSID(payload []byte) (uuid.UUID, error) {
	if len(payload) != ksidSize {
		return uuid.Nil, fmt.Errorf("%w: a KSID of %d bytes", errMalformed, len(payload))
	}
	return uuid.UUID(payload), nil
}
