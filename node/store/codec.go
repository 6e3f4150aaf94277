package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

var errTruncated = errors.New("record ends early")

// codec writes the members of a record or reads them. A record lists its members once, for both.
type codec struct {
	buf     []byte // written so far, or left to read
	reading bool
	err     error
}

// extend makes room for n more bytes. It clears the old buffer if it moves the bytes.
func (c *codec) extend(n int) {
	if cap(c.buf)-len(c.buf) >= n {
		return
	}
	larger := make([]byte, len(c.buf), 2*cap(c.buf)+n)
	copy(larger, c.buf)
	clear(c.buf)
	c.buf = larger
}

// next returns the next n bytes to read, or nil if fewer are left.
func (c *codec) next(n int64) []byte {
	if c.err != nil || n < 0 || n > int64(len(c.buf)) {
		c.err = errTruncated
		return nil
	}
	part := c.buf[:n]
	c.buf = c.buf[n:]
	return part
}

func (c *codec) number(v *int64) {
	if !c.reading {
		c.extend(binary.MaxVarintLen64)
		c.buf = binary.AppendVarint(c.buf, *v)
		return
	}
	value, n := binary.Varint(c.buf)
	if n <= 0 {
		n = -1
	}
	if c.next(int64(n)) != nil {
		*v = value
	}
}

func (c *codec) int(v *int) {
	n := int64(*v)
	c.number(&n)
	*v = int(n)
}

// bytes writes or reads a length and that number of bytes. Bytes that it reads are not copied from
// the buffer.
func (c *codec) bytes(v *[]byte) {
	n := int64(len(*v))
	c.number(&n)
	if c.reading {
		*v = c.next(n)
		return
	}
	c.extend(len(*v))
	c.buf = append(c.buf, *v...)
}

func (c *codec) text(v *string) {
	b := []byte(*v)
	c.bytes(&b)
	if c.reading { // when writing, others may use the record, too
		*v = string(b)
	}
}

func (c *codec) secret(v *Secret) {
	b := v.Reveal()
	c.bytes(&b)
	if c.reading {
		*v = NewSecret(bytes.Clone(b))
	}
}

func (c *codec) id(v *uuid.UUID) {
	b := v[:]
	c.bytes(&b)
	if c.reading && c.err == nil && copy(v[:], b) != len(b) {
		c.err = errTruncated
	}
}

func (c *codec) bool(v *bool) {
	n := int64(0)
	if *v {
		n = 1
	}
	c.number(&n)
	*v = n != 0
}

// time writes or reads a time in nanoseconds; the zero time is 0.
func (c *codec) time(v *time.Time) {
	n := int64(0)
	if !v.IsZero() {
		n = v.UnixNano()
	}
	c.number(&n)
	if c.reading && n != 0 {
		*v = time.Unix(0, n)
	}
}

// list writes or reads the number of elements and, with the function, each element.
func list[T any](c *codec, v *[]T, element func(*codec, *T)) {
	n := int64(len(*v))
	c.number(&n)
	if c.reading {
		if n < 0 || n > int64(len(c.buf)) { // each takes at least one byte
			c.err = errTruncated
			return
		}
		*v = make([]T, n)
	}
	for i := range *v {
		element(c, &(*v)[i])
	}
}
