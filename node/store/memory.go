package store

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
)

// sector is the number of bytes that a disk writes atomically.
const sector = 512

// errCrashed is the error of every operation on a disk that has crashed.
var errCrashed = errors.New("the machine has crashed")

// MemoryDisk is a file system in memory that, like a real one, forgets unsynced data in a crash. It
// is safe for concurrent use.
type MemoryDisk struct {
	// Before, unless it is nil, is called before every operation. It may wait. If it returns an
	// error, the operation fails with it: a write after half of its bytes, and a sync after
	// forgetting the bytes that it should have made durable, so that no later sync makes them
	// durable. Set it before the disk is used.
	Before func(Operation) error

	mu      sync.Mutex
	count   int
	crashed bool
	dirs    map[string]bool
	locks   map[string]bool
	names   tree     // as programs see them
	synced  tree     // as they are after a crash
	waiting []change // unsynced, in the order in which they were made
}

// Operation is an operation on a [MemoryDisk].
type Operation struct {
	Number int    // counted from 1
	Kind   string // make, open, create, rename, remove, list, sync-dir, lock, read, write, size, sync
	Name   string // of the file or directory
}

// tree maps names to files.
type tree map[string]*memoryFile

// memoryFile is the content of a file.
type memoryFile struct {
	content []byte // as programs see it
	synced  []byte
}

// change is an unsynced change: to the bytes of a file, or to the names in a directory.
type change struct {
	file  *memoryFile // or nil
	bytes func(content []byte) []byte
	dir   string
	names func(tree)
}

// NewMemoryDisk returns an empty disk.
func NewMemoryDisk() *MemoryDisk {
	return &MemoryDisk{dirs: map[string]bool{}, locks: map[string]bool{}, names: tree{}, synced: tree{}}
}

// Crash ends the disk: from now on all operations on it fail. It returns the disk as it is found
// after the crash, with all synced data. keep is called for every other change of a name and for
// every part of a write within 512 bytes, and says whether that is kept.
func (d *MemoryDisk) Crash(keep func() bool) *MemoryDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.crashed = true
	return d.afterCrash(keep)
}

// afterCrash returns the disk that a crash would leave.
func (d *MemoryDisk) afterCrash(keep func() bool) *MemoryDisk {
	names, contents := maps.Clone(d.synced), map[*memoryFile][]byte{}
	content := func(f *memoryFile) []byte {
		if _, found := contents[f]; !found {
			contents[f] = slices.Clone(f.synced)
		}
		return contents[f]
	}
	for _, c := range d.waiting {
		switch {
		case !keep():
		case c.file != nil:
			contents[c.file] = c.bytes(content(c.file))
		default:
			c.names(names)
		}
	}
	return d.restart(names, content)
}

// Copy returns another disk with the content that programs see on this one, like a backup of a
// directory.
func (d *MemoryDisk) Copy() *MemoryDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.restart(d.names, func(f *memoryFile) []byte { return f.content })
}

func (d *MemoryDisk) restart(names tree, content func(*memoryFile) []byte) *MemoryDisk {
	next := NewMemoryDisk()
	next.dirs = maps.Clone(d.dirs)
	for name, f := range names {
		next.names[name] = &memoryFile{content: slices.Clone(content(f)), synced: slices.Clone(content(f))}
	}
	next.synced = maps.Clone(next.names)
	return next
}

// do counts an operation and does it, unless it must fail. The disk is locked meanwhile.
func (d *MemoryDisk) do(kind, name string, done func() error, failed func()) error {
	d.mu.Lock()
	d.count++
	operation := Operation{d.count, kind, name}
	d.mu.Unlock()
	var err error
	if d.Before != nil {
		err = d.Before(operation)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.crashed {
		err = errCrashed
	} else if err == nil {
		err = done()
	} else if failed != nil {
		failed()
	}
	if err != nil {
		return &fs.PathError{Op: kind, Path: name, Err: err}
	}
	return nil
}

// rename records a change of the names in a directory.
func (d *MemoryDisk) rename(dir string, do func(tree)) {
	do(d.names)
	d.waiting = append(d.waiting, change{dir: dir, names: do})
}

// settle removes the changes for which among is true from those waiting, and makes them durable or
// forgets them.
func (d *MemoryDisk) settle(among func(change) bool, last bool) {
	d.waiting = slices.DeleteFunc(d.waiting, func(c change) bool {
		if !among(c) {
			return false
		}
		switch {
		case !last:
		case c.file != nil:
			c.file.synced = c.bytes(c.file.synced)
		default:
			c.names(d.synced)
		}
		return true
	})
}

func (d *MemoryDisk) MakeDir(dir string) error {
	return d.do("make", dir, func() error {
		for ; !d.dirs[dir]; dir = filepath.Dir(dir) {
			d.dirs[dir] = true
		}
		return nil
	}, nil)
}

func (d *MemoryDisk) Open(name string, flag int) (File, error) {
	kind := "open"
	if flag&os.O_CREATE != 0 {
		kind = "create"
	}
	var f *memoryFile
	err := d.do(kind, name, func() error {
		var found bool
		f, found = d.names[name]
		switch {
		case found && flag&os.O_EXCL != 0:
			return fs.ErrExist
		case !found && flag&os.O_CREATE == 0, !d.dirs[filepath.Dir(name)]:
			return fs.ErrNotExist
		case !found:
			f = &memoryFile{}
			d.rename(filepath.Dir(name), func(t tree) { t[name] = f })
		}
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	return &memoryHandle{d, f, name}, nil
}

func (d *MemoryDisk) Rename(from, to string) error {
	return d.do("rename", from, func() error {
		f, found := d.names[from]
		if !found {
			return fs.ErrNotExist
		}
		d.rename(filepath.Dir(to), func(t tree) {
			delete(t, from)
			t[to] = f
		})
		return nil
	}, nil)
}

func (d *MemoryDisk) Remove(name string) error {
	return d.do("remove", name, func() error {
		if d.names[name] == nil {
			return fs.ErrNotExist
		}
		d.rename(filepath.Dir(name), func(t tree) { delete(t, name) })
		return nil
	}, nil)
}

func (d *MemoryDisk) List(dir string) ([]string, error) {
	var names []string
	err := d.do("list", dir, func() error {
		if !d.dirs[dir] {
			return fs.ErrNotExist
		}
		for _, name := range slices.Concat(slices.Collect(maps.Keys(d.names)), slices.Collect(maps.Keys(d.dirs))) {
			if name != dir && filepath.Dir(name) == dir {
				names = append(names, filepath.Base(name))
			}
		}
		slices.Sort(names)
		return nil
	}, nil)
	return names, err
}

func (d *MemoryDisk) SyncDir(dir string) error {
	among := func(c change) bool { return c.file == nil && c.dir == dir }
	return d.do("sync-dir", dir, func() error {
		d.settle(among, true)
		return nil
	}, func() { d.settle(among, false) })
}

func (d *MemoryDisk) Lock(name string) (io.Closer, error) {
	f, err := d.Open(name, os.O_RDWR|os.O_CREATE)
	if err != nil {
		return nil, err
	}
	err = d.do("lock", name, func() error {
		if d.locks[name] {
			return ErrLocked
		}
		d.locks[name] = true
		return nil
	}, nil)
	if err != nil {
		return nil, err
	}
	return &memoryLock{f.(*memoryHandle)}, nil
}
