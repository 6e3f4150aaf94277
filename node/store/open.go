package store

import (
	"errors"
	"fmt"
	"io"
	iofs "io/fs"
	"path/filepath"
	"slices"

	"github.com/google/uuid"
)

// Open opens the store in a directory, or begins one there. It locks the directory until the store
// is closed. It fails with [ErrLocked], [ErrDamaged], [ErrForeign] or [ErrNewer], each with
// details, or with an error of the file system; then the existing files are unchanged.
func Open(c Config) (*Store, error) {
	if err := c.FS.MakeDir(c.Dir); err != nil {
		return nil, err
	}
	lock, err := c.FS.Lock(filepath.Join(c.Dir, "lock"))
	if err != nil {
		return nil, err
	}
	s, err := open(c, lock)
	if err != nil {
		lock.Close()
		return nil, err
	}
	return s, nil
}

func open(c Config, lock io.Closer) (*Store, error) {
	s := &Store{config: c, lock: lock, turn: make(chan struct{}, 1), state: NewState(), zeroes: map[uuid.UUID]zeroes{}}
	if err := c.FS.MakeDir(s.blocksDir()); err != nil {
		return nil, err
	}
	d, err := readDir(c.FS, c.Dir)
	if err != nil {
		return nil, err
	}
	if err := d.checkIdentity(c); err != nil {
		return nil, err
	}
	if d.log != nil {
		s.state = d.log.state
	}
	s.number = d.highest
	// A new log leaves out an unfinished frame, and makes everything that was read durable: only
	// then can blocks be treated accordingly.
	if err := s.rotate(); err != nil {
		return nil, err
	}
	if err := s.cleanBlocks(d.files); err != nil {
		s.log.Close()
		return nil, err
	}
	return s, nil
}

// checkIdentity fails with [ErrForeign] unless the directory belongs to the node, or was never
// used.
func (d *directory) checkIdentity(c Config) error {
	if d.log != nil && d.log.identity != c.Identity {
		return fmt.Errorf("%s %w: it belongs to %v, not to %v", c.Dir, ErrForeign, d.log.identity, c.Identity)
	}
	return nil
}

// cleanBlocks removes files that belong to no block, and zeroes the spent bytes of the others.
func (s *Store) cleanBlocks(files []string) error {
	for _, name := range files {
		id, _ := uuid.Parse(name)
		var err error
		if _, found := s.state.Blocks[id]; !found || name != id.String() {
			err = remove(s.config.FS, filepath.Join(s.blocksDir(), name))
		} else {
			err = s.spend(id, true)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// directory is the content of a directory.
type directory struct {
	log     *logFile // nil if there never was one
	size    int      // of the log, in bytes
	highest uint64   // highest number of a log, including unfinished ones
	files   []string // of blocks
}

// readDir reads the content of a directory and checks it. It changes nothing.
func readDir(fs FS, dir string) (*directory, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	d, number := &directory{}, uint64(0)
	for _, name := range names {
		number = max(number, logNumber(name))
		d.highest = max(d.highest, anyLogNumber(name))
	}
	if slices.Contains(names, "blocks") {
		if d.files, err = fs.List(filepath.Join(dir, "blocks")); err != nil {
			return nil, err
		}
	}
	if number == 0 {
		if len(d.files) > 0 {
			return nil, damaged(dir, "there are blocks and no state")
		}
		return d, nil
	}
	if err := d.readLog(fs, logName(dir, number), number); err != nil {
		return nil, err
	}
	return d, checkBlocks(fs, dir, d.log.state)
}

func (d *directory) readLog(fs FS, name string, number uint64) error {
	data, err := readFile(fs, name)
	if err != nil {
		return err
	}
	defer clear(data)
	d.size = len(data)
	d.log, err = parseLog(name, number, data)
	return err
}

// checkBlocks reads the unspent bytes of all blocks.
func checkBlocks(fs FS, dir string, state *State) error {
	for _, b := range state.sortedBlocks() {
		tail, err := readBlock(fs, dir, b)
		switch {
		case errors.Is(err, iofs.ErrNotExist):
			return damaged(blockName(dir, b.ID), "it is missing")
		case err != nil:
			return err
		}
		clear(tail)
	}
	return nil
}
