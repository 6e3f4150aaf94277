package store

import (
	"io"
	"slices"
)

// memoryLock is a held lock.
type memoryLock struct{ *memoryHandle }

func (l *memoryLock) Close() error {
	l.disk.mu.Lock()
	defer l.disk.mu.Unlock()
	delete(l.disk.locks, l.name)
	return nil
}

// memoryHandle is an open file.
type memoryHandle struct {
	disk *MemoryDisk
	file *memoryFile
	name string
}

func (h *memoryHandle) ReadAt(p []byte, position int64) (n int, err error) {
	err = h.disk.do("read", h.name, func() error {
		if position < int64(len(h.file.content)) {
			n = copy(p, h.file.content[position:])
		}
		return nil
	}, nil)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (h *memoryHandle) WriteAt(p []byte, position int64) (n int, err error) {
	write := func(p []byte) {
		n = len(p)
		for len(p) > 0 {
			size := min(sector-int(position%sector), len(p))
			h.write(slices.Clone(p[:size]), position)
			p, position = p[size:], position+int64(size)
		}
	}
	err = h.disk.do("write", h.name, func() error { write(p); return nil }, func() { write(p[:len(p)/2]) })
	return n, err
}

// write writes part of a sector. The disk is locked.
func (h *memoryHandle) write(part []byte, position int64) {
	to := func(content []byte) []byte {
		if missing := int(position) + len(part) - len(content); missing > 0 {
			content = append(content, make([]byte, missing)...)
		}
		copy(content[position:], part)
		return content
	}
	h.file.content = to(h.file.content)
	h.disk.waiting = append(h.disk.waiting, change{file: h.file, bytes: to})
}

func (h *memoryHandle) Size() (size int64, err error) {
	err = h.disk.do("size", h.name, func() error {
		size = int64(len(h.file.content))
		return nil
	}, nil)
	return size, err
}

func (h *memoryHandle) Sync() error {
	among := func(c change) bool { return c.file == h.file }
	return h.disk.do("sync", h.name, func() error {
		h.disk.settle(among, true)
		return nil
	}, func() { h.disk.settle(among, false) })
}

func (h *memoryHandle) Close() error { return nil }
