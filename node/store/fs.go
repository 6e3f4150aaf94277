package store

import (
	"errors"
	"io"
	"os"
)

// FS is the file system that a node keeps its state on: [OS], or a [MemoryDisk]. Nothing that is
// done lasts through a crash before it was synced, in the file or, for what a name stands for, in
// its directory.
type FS interface {
	// MakeDir makes a directory, mode 0700, and its parents. They last. It refuses one that is
	// there and that others may enter.
	MakeDir(dir string) error

	// Open opens a file. The flag is os.O_RDONLY, os.O_RDWR, or os.O_RDWR|os.O_CREATE|os.O_EXCL for
	// a new one, mode 0600.
	Open(name string, flag int) (File, error)

	// Rename puts a file in the place of another, if there is one, at once.
	Rename(from, to string) error

	Remove(name string) error

	// List returns what names there are in a directory, ascending.
	List(dir string) ([]string, error)

	// SyncDir makes the names in a directory last.
	SyncDir(dir string) error

	// Lock makes a file of that name, if there is none, and holds it until it is closed or the
	// process ends. It fails with [ErrLocked] while anybody else does, also in the same process.
	Lock(name string) (io.Closer, error)
}

// File is an open file of an [FS].
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer

	// Size returns the number of bytes.
	Size() (int64, error)

	// Sync makes the bytes last. After it has failed nobody knows which of them do, and another
	// Sync that succeeds says nothing of them.
	Sync() error
}

// ErrLocked is that somebody else holds the lock.
var ErrLocked = errors.New("in use by another process")

// readFile returns all bytes of a file. The caller clears them.
func readFile(fs FS, name string) ([]byte, error) {
	f, err := fs.Open(name, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	data := make([]byte, size)
	if n, err := f.ReadAt(data, 0); err != nil && (!errors.Is(err, io.EOF) || n < len(data)) {
		clear(data)
		return nil, err
	}
	return data, nil
}

// writeSynced writes data at a position of a file and syncs it.
func writeSynced(f File, data []byte, position int64) error {
	if _, err := f.WriteAt(data, position); err != nil {
		return err
	}
	return f.Sync()
}
