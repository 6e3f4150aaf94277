package store

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Identity says which node a directory belongs to.
type Identity struct {
	Kind    string // hub, client or network
	Node    string
	Suite   string
	Network string
}

func (i Identity) String() string {
	return fmt.Sprintf("%s %q of network %q, suite %q", i.Kind, i.Node, i.Network, i.Suite)
}

// logFile is the content of a file state-N.
type logFile struct {
	number   uint64
	salt     uint32 // start value of the checksums of all frames except the first
	identity Identity
	state    *State
	frames   uint64
	end      int // bytes of complete frames
}

// members lists the head of the first frame.
func (l *logFile) members(c *codec) error {
	format, salt := int64(version), int64(l.salt)
	if c.number(&format); c.err == nil && format > version {
		return fmt.Errorf("%w: format %d, this is %d", ErrNewer, format, version)
	}
	for _, text := range []*string{&l.identity.Kind, &l.identity.Node, &l.identity.Suite, &l.identity.Network} {
		c.text(text)
	}
	c.number(&salt)
	l.salt = uint32(salt)
	return c.err
}

// unfinished is the suffix of the name of a log that is not complete yet.
const unfinished = ".tmp"

// logName returns the name of a log. logNumber returns the number in the name of a log, or 0, and
// anyLogNumber does so for an unfinished log, too.
func logName(dir string, number uint64) string {
	return filepath.Join(dir, "state-"+strconv.FormatUint(number, 10))
}

func logNumber(name string) uint64 {
	digits, _ := strings.CutPrefix(name, "state-")
	number, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || name != "state-"+strconv.FormatUint(number, 10) {
		return 0
	}
	return number
}

func anyLogNumber(name string) uint64 { return logNumber(strings.TrimSuffix(name, unfinished)) }

// parseLog reads a log. It ignores an unfinished last frame, and fails on any other damage.
func parseLog(name string, number uint64, data []byte) (*logFile, error) {
	l := &logFile{number: number, state: NewState()}
	for l.end < len(data) {
		f, err := parseFrame(data[l.end:], l.salt)
		switch {
		case errors.Is(err, ErrNewer):
			return nil, fmt.Errorf("%s %w", name, err)
		case err != nil && l.frames > 0 && !l.wroteLater(data):
			return l, nil
		case err != nil:
			return nil, damaged(name, "frame %d at byte %d", l.frames, l.end)
		case f.log != number || f.serial != l.frames || f.synced > uint64(l.end):
			return nil, damaged(name, "frame %d at byte %d is frame %d of state-%d", l.frames, l.end, f.serial, f.log)
		}
		if err := l.apply(f); err != nil {
			if errors.Is(err, ErrNewer) {
				return nil, fmt.Errorf("%s %w", name, err)
			}
			return nil, damaged(name, "frame %d at byte %d: %v", l.frames, l.end, err)
		}
		l.end += f.size()
		l.frames++
	}
	if l.frames == 0 {
		return nil, damaged(name, "it is empty")
	}
	return l, nil
}

func (l *logFile) apply(f frame) error {
	c := &codec{buf: f.records, reading: true}
	if f.serial == 0 {
		if err := l.members(c); err != nil {
			return err
		}
	}
	records, err := parseRecords(c.buf)
	if err != nil {
		return err
	}
	for _, r := range records {
		l.state.Apply(r)
	}
	return nil
}

// wroteLater reports whether a frame after the bad one at l.end was written after the bad one had
// been synced.
func (l *logFile) wroteLater(data []byte) bool {
	for at := l.end + 1; ; at++ {
		next := bytes.Index(data[at:], []byte(magic))
		if next < 0 {
			return false
		}
		at += next
		f, err := parseFrame(data[at:], l.salt)
		if err == nil && f.log == l.number && f.serial > l.frames && f.synced > uint64(l.end) {
			return true
		}
	}
}
