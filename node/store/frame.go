package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

const (
	version    = 1 // of the format
	magic      = "dskelog\n"
	headerSize = len(magic) + 4 + 8 + 8 + 8 + 8
	crcSize    = 4
)

// frame is the unit that is written to a log, and synced, at once.
type frame struct {
	log     uint64 // number of the file
	serial  uint64 // of the frame in its file, from 0
	synced  uint64 // bytes of the file that were synced when it was written
	records []byte
}

// errFrame says that there is no complete frame.
var errFrame = errors.New("no whole frame")

// castagnoli is the polynomial of CRC-32C.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// append appends the frame to buf. Its checksum starts from salt.
func (f frame) append(buf []byte, salt uint32) []byte {
	start := len(buf)
	buf = append(buf, magic...)
	buf = binary.BigEndian.AppendUint32(buf, version)
	for _, n := range []uint64{uint64(len(f.records)), f.log, f.serial, f.synced} {
		buf = binary.BigEndian.AppendUint64(buf, n)
	}
	buf = append(buf, f.records...)
	return binary.BigEndian.AppendUint32(buf, crc32.Update(salt, castagnoli, buf[start:]))
}

// size returns the number of bytes that append appends.
func (f frame) size() int { return headerSize + len(f.records) + crcSize }

// parseFrame parses the frame at the start of data. The frame's records share the memory of data.
// It fails with an errFrame, or with an ErrNewer if the frame is complete and of another version.
func parseFrame(data []byte, salt uint32) (frame, error) {
	if len(data) < headerSize+crcSize || !bytes.HasPrefix(data, []byte(magic)) {
		return frame{}, errFrame
	}
	header := data[len(magic):]
	size := binary.BigEndian.Uint64(header[4:])
	if size > uint64(len(data)-headerSize-crcSize) {
		return frame{}, errFrame
	}
	end := headerSize + int(size)
	if binary.BigEndian.Uint32(data[end:]) != crc32.Update(salt, castagnoli, data[:end]) {
		return frame{}, errFrame
	}
	if v := binary.BigEndian.Uint32(header); v != version {
		return frame{}, fmt.Errorf("%w: format %d, this is %d", ErrNewer, v, version)
	}
	return frame{
		log:     binary.BigEndian.Uint64(header[12:]),
		serial:  binary.BigEndian.Uint64(header[20:]),
		synced:  binary.BigEndian.Uint64(header[28:]),
		records: data[headerSize:end],
	}, nil
}

// appendRecords appends records to those of a frame.
func appendRecords(c *codec, records []Record) {
	for _, r := range records {
		c.extend(1)
		c.buf = append(c.buf, r.kind())
		r.members(c)
	}
}

// parseRecords reads the records of a frame.
func parseRecords(data []byte) ([]Record, error) {
	var records []Record
	for c := (&codec{buf: data, reading: true}); len(c.buf) > 0; {
		kind := c.next(1)[0]
		r := newRecord(kind)
		if r == nil {
			return nil, fmt.Errorf("unknown record %d", kind)
		}
		if r.members(c); c.err != nil {
			return nil, c.err
		}
		records = append(records, r)
	}
	return records, nil
}
