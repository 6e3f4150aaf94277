package parcel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"dske/protocol"
)

const magic = "dske psrd 1\n"

// write writes a parcel in the clear.
func write(to io.Writer, token string, p *Parcel) error {
	if err := p.check(); err != nil {
		return err
	}
	head, err := json.Marshal(p.Head)
	if err != nil {
		return err
	}
	mac := hmac.New(sha256.New, []byte(token))
	all := io.MultiWriter(to, mac)
	parts := append([][]byte{[]byte(magic), binary.BigEndian.AppendUint32(nil, uint32(len(head))), head}, p.Data...)
	for _, part := range parts {
		if _, err := all.Write(part); err != nil {
			return err
		}
	}
	_, err = to.Write(mac.Sum(nil))
	return err
}

// read reads the output of write. It fails with an [ErrNoParcel] if the input is something else or
// truncated, with an [ErrNotOurs] if it was written with another token, and with the errors of
// from.
func read(from io.Reader, token string) (*Parcel, error) {
	mac := hmac.New(sha256.New, []byte(token))
	all := io.TeeReader(from, mac)
	head, err := readHead(all)
	if err != nil {
		return nil, err
	}
	p := &Parcel{Head: head}
	if err = p.readBlocks(all); err == nil {
		err = readEnd(from, mac.Sum(nil))
	}
	if err != nil {
		p.Clear()
		return nil, err
	}
	return p, nil
}

func readHead(from io.Reader) (h Head, err error) {
	start := make([]byte, len(magic)+4)
	if err := fill(from, start); err != nil {
		return h, err
	}
	length := binary.BigEndian.Uint32(start[len(magic):])
	if string(start[:len(magic)]) != magic || length > maxHead {
		return h, fmt.Errorf("%w: it does not start like a file that this version can read", ErrNoParcel)
	}
	text, err := io.ReadAll(io.LimitReader(from, int64(length)))
	if err != nil {
		return h, err
	}
	if len(text) < int(length) {
		return h, cut()
	}
	if err := protocol.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("%w: %w", ErrNoParcel, err)
	}
	return h, h.check()
}

func (p *Parcel) readBlocks(from io.Reader) error {
	for _, b := range p.Blocks {
		data := make([]byte, b.Size)
		p.Data = append(p.Data, data)
		if err := fill(from, data); err != nil {
			return err
		}
	}
	return nil
}

// readEnd reads the MAC, and checks that nothing follows it.
func readEnd(from io.Reader, want []byte) error {
	got := make([]byte, len(want))
	if err := fill(from, got); err != nil {
		return err
	}
	switch n, err := io.ReadFull(from, make([]byte, 1)); {
	case n > 0:
		return fmt.Errorf("%w: data follows its end", ErrNoParcel)
	case !errors.Is(err, io.EOF):
		return err
	case !hmac.Equal(got, want):
		return ErrNotOurs
	}
	return nil
}

// fill reads enough bytes to fill data.
func fill(from io.Reader, data []byte) error {
	_, err := io.ReadFull(from, data)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return cut()
	}
	return err
}

func cut() error { return fmt.Errorf("%w: it ends early", ErrNoParcel) }
