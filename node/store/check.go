package store

import (
	"errors"
	iofs "io/fs"
	"path/filepath"
	"slices"
)

// Report describes the directory of a node, without any secret.
type Report struct {
	Dir           string   `json:"dir"`
	Identity      Identity `json:"identity"`
	Log           uint64   `json:"log"`    // number in its name
	Size          int      `json:"size"`   // bytes of the log
	Torn          int      `json:"torn"`   // bytes of an unfinished frame at its end, left by a crash
	Frames        uint64   `json:"frames"` // the first is a snapshot
	Registrations int      `json:"registrations"`
	Blocks        []Block  `json:"blocks"`
	Shares        int      `json:"shares"`
	Deliveries    int      `json:"deliveries"`
	Err           error    `json:"-"` // why the directory is not valid; then the rest is unknown
}

// Check reads a directory: that of a node, or one that contains directories of nodes, up to two
// levels below. It changes nothing. A directory in use by a node is reported with [ErrLocked].
// Check fails if it finds no directory of a node.
func Check(fs FS, dir string) ([]Report, error) {
	dirs, err := nodeDirs(fs, filepath.Clean(dir), 2)
	if err != nil {
		return nil, err
	}
	if len(dirs) == 0 {
		return nil, &iofs.PathError{Op: "check", Path: dir, Err: errors.New("no node has stored anything there")}
	}
	reports := make([]Report, len(dirs))
	for i, d := range dirs {
		reports[i] = check(fs, d)
	}
	return reports, nil
}

// Verify returns the state in a directory, or the error with which [Open] would fail, as far as
// that can be seen without changes.
func Verify(c Config) (*State, error) {
	names, err := c.FS.List(c.Dir)
	switch {
	case errors.Is(err, iofs.ErrNotExist), err == nil && !slices.Contains(names, "lock"):
		return NewState(), nil
	case err != nil:
		return nil, err
	}
	lock, err := c.FS.Lock(filepath.Join(c.Dir, "lock"))
	if err != nil {
		return nil, err
	}
	defer lock.Close()
	d, err := readDir(c.FS, c.Dir)
	if err != nil {
		return nil, err
	}
	if d.log == nil {
		return NewState(), nil
	}
	return d.log.state, d.checkIdentity(c)
}

// nodeDirs returns the directories of nodes in a directory and a number of levels below it.
func nodeDirs(fs FS, dir string, floors int) ([]string, error) {
	names, err := fs.List(dir)
	if err != nil {
		return nil, err
	}
	if slices.Contains(names, "lock") {
		return []string{dir}, nil
	}
	var dirs []string
	for _, name := range names {
		if floors == 0 {
			break
		}
		below, err := nodeDirs(fs, filepath.Join(dir, name), floors-1)
		if err == nil { // it may be a file
			dirs = append(dirs, below...)
		}
	}
	return dirs, nil
}

func check(fs FS, dir string) Report {
	r := Report{Dir: dir}
	lock, err := fs.Lock(filepath.Join(dir, "lock"))
	if err != nil {
		r.Err = err
		return r
	}
	defer lock.Close()
	d, err := readDir(fs, dir)
	if err != nil || d.log == nil {
		r.Err = err
		return r
	}
	l := d.log
	r.Identity, r.Log, r.Size, r.Torn, r.Frames = l.identity, l.number, d.size, d.size-l.end, l.frames
	r.Registrations, r.Shares, r.Deliveries = len(l.state.Registrations), len(l.state.Shares), len(l.state.Deliveries)
	r.Blocks = l.state.sortedBlocks()
	return r
}
