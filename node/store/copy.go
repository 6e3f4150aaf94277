package store

import (
	"errors"
	iofs "io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
)

// Copy is a copy of the directory of a node at some time, with all its secrets. It is for
// experiments: marks protect from a backup that is put back.
type Copy struct {
	files map[string][]byte // by path below the directory
}

// copyTries is how often Save starts again because the node changes its directory.
const copyTries = 100

// Save copies the directory of a node. The node may be running.
func Save(fs FS, dir string) (*Copy, error) {
	for range copyTries {
		c, err := save(fs, dir)
		if err == nil || !errors.Is(err, iofs.ErrNotExist) {
			return c, err
		}
	}
	return nil, &iofs.PathError{Op: "copy", Path: dir, Err: errors.New("it keeps changing")}
}

// save fails with an [iofs.ErrNotExist] if the directory changes while it is copied. It reads
// blocks first: then the blocks in the log are there, and zeroed no further than the log says.
func save(fs FS, dir string) (*Copy, error) {
	c := &Copy{files: map[string][]byte{}}
	before, err := readDir(fs, dir)
	if err != nil {
		return nil, err
	}
	names := make([]string, 0, len(before.files)+1)
	for _, name := range before.files {
		names = append(names, filepath.Join("blocks", name))
	}
	if before.log != nil {
		names = append(names, logName("", before.log.number))
	}
	for _, name := range names {
		if c.files[name], err = readFile(fs, filepath.Join(dir, name)); err != nil {
			return nil, err
		}
	}
	after, err := readDir(fs, dir)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(before.files, after.files) || before.highest != after.highest {
		return nil, iofs.ErrNotExist
	}
	return c, nil
}

// Restore replaces the content of the directory by the copy. The node must not be running: Restore
// fails with [ErrLocked] if it is.
func (c *Copy) Restore(fs FS, dir string) error {
	lock, err := fs.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		return err
	}
	defer lock.Close()
	for _, below := range []string{"", "blocks"} {
		names, err := fs.List(filepath.Join(dir, below))
		if err != nil {
			return err
		}
		for _, name := range names {
			if below == "blocks" || anyLogNumber(name) > 0 {
				if err := fs.Remove(filepath.Join(dir, below, name)); err != nil {
					return err
				}
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		if err := write(fs, filepath.Join(dir, name), c.files[name]); err != nil {
			return err
		}
	}
	return errors.Join(fs.SyncDir(dir), fs.SyncDir(filepath.Join(dir, "blocks")))
}

func write(fs FS, name string, data []byte) error {
	f, err := fs.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer f.Close()
	return writeSynced(f, data, 0)
}
