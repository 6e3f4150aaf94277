package store

import (
	"errors"
	"io"
	"os"
)

// FS is the file system that a node keeps its state on: [OS], or a [MemoryDisk]. Changes survive a
// crash only after a sync: of the file or, for names, of the directory.
type FS interface {
	// MakeDir makes a directory, mode 0700, and its parents, durably. It refuses an existing
	// directory that others may enter.
	MakeDir(dir string) error

	// Open opens a file. The flag is os.O_RDONLY, os.O_RDWR, or os.O_RDWR|os.O_CREATE|os.O_EXCL for
	// a new file, mode 0600.
	Open(name string, flag int) (File, error)

	// Rename renames a file, and replaces an existing one atomically.
	Rename(from, to string) error

	Remove(name string) error

	// List returns the names in a directory, ascending.
	List(dir string) ([]string, error)

	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error

	// Lock makes a file of that name, if there is none, and holds it until it is closed or the
	// process ends. It fails with [ErrLocked] while it is held, even by the same process.
	Lock(name string) (io.Closer, error)
}

// File is an open file of an [FS].
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer

	// Size returns the size of the file in bytes.
	Size() (int64, error)

	// Sync makes the bytes durable. After a failure it is unknown which of them are durable, and a
	// later Sync that succeeds says nothing about them.
	Sync() error
}

// ErrLocked says that another holder has the lock.
var ErrLocked = errors.New("in use by another process")

// readFile returns all bytes of a file. The caller must clear them.
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
