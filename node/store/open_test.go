package store

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// wantRefused fails the test unless the directory cannot be opened for that reason and is
// unchanged.
func wantRefused(t *testing.T, disk *MemoryDisk, identity Identity, reason error, says string) {
	t.Helper()
	before := files(t, disk)
	s, err := Open(Config{FS: disk, Dir: dir, Identity: identity})
	if s != nil || !errors.Is(err, reason) || !strings.Contains(err.Error(), says) {
		t.Errorf("error is %v, want %v that says %q", err, reason, says)
	}
	if after := files(t, disk); !reflect.DeepEqual(after, before) {
		t.Errorf("there were %v and are %v", maps.Keys(before), maps.Keys(after))
	}
}

// lived returns the disk of a node that did some steps and stopped in an orderly way.
func lived(t testing.TB, steps int) *MemoryDisk {
	t.Helper()
	disk := NewMemoryDisk()
	s := mustOpen(t, disk)
	for _, do := range script()[:steps] {
		must(t, do(s))
	}
	must(t, s.Close())
	return disk
}

func TestForeign(t *testing.T) {
	disk := lived(t, 5)
	for name, change := range map[string]func(*Identity){
		"kind":    func(i *Identity) { i.Kind = "client" },
		"node":    func(i *Identity) { i.Node = "hilary" },
		"suite":   func(i *Identity) { i.Suite = "dske-python" },
		"network": func(i *Identity) { i.Network = "other" },
	} {
		t.Run(name, func(t *testing.T) {
			other := hank
			change(&other)
			wantRefused(t, disk, other, ErrForeign, `it belongs to hub "hank" of network "test", suite "its", not to `+other.String())
		})
	}
	must(t, mustOpen(t, disk).Close())
}

func TestNewer(t *testing.T) {
	l := logFile{identity: hank}
	var c codec
	must(t, l.members(&c))
	c.buf[0] = 2 * (version + 1) // the format, as a varint
	disk := lived(t, 0)
	replace(t, disk, logName(dir, 1), frame{log: 1, records: c.buf}.append(nil, 0))
	wantRefused(t, disk, hank, ErrNewer, "state-1 was written by a newer version: format 2, this is 1")

	data := frame{log: 1, records: c.buf}.append(nil, 0)
	data[len(magic)+3] = version + 1
	data = sealed(data)
	replace(t, disk, logName(dir, 1), data)
	wantRefused(t, disk, hank, ErrNewer, "format 2, this is 1")
}

// sealed returns a first frame with a valid checksum.
func sealed(data []byte) []byte {
	body := data[:len(data)-crcSize]
	return binary.BigEndian.AppendUint32(body, crc32.Checksum(body, castagnoli))
}

// replace replaces the bytes of a file.
func replace(t testing.TB, disk *MemoryDisk, name string, data []byte) {
	t.Helper()
	disk.mu.Lock()
	defer disk.mu.Unlock()
	f := &memoryFile{content: bytes.Clone(data), synced: bytes.Clone(data)}
	disk.names[name], disk.synced[name] = f, f
}

func TestStateIsMissing(t *testing.T) {
	disk := lived(t, 5)
	must(t, disk.Remove(logName(dir, 1)))
	wantRefused(t, disk, hank, ErrDamaged, "there are blocks and no state")
}

func TestBlockIsMissing(t *testing.T) {
	disk := lived(t, 5)
	must(t, disk.Remove(blockName(dir, id(2))))
	wantRefused(t, disk, hank, ErrDamaged, id(2).String()+" is damaged: it is missing")
}

// A directory contains a log of another directory under a number that is not the log's own.
func TestRenamedLog(t *testing.T) {
	disk := lived(t, 5)
	must(t, disk.Rename(logName(dir, 1), logName(dir, 7)))
	wantRefused(t, disk, hank, ErrDamaged, "state-7 is damaged: frame 0 at byte 0 is frame 0 of state-1")
}

// Files of others in the directory stay; files that the store itself did not finish are removed.
func TestUnfinishedIsRemoved(t *testing.T) {
	disk := lived(t, len(script()))
	for _, name := range []string{"state-9.tmp", "state-x", "state-01", "notes", "blocks/" + id(77).String(), "blocks/junk", "blocks/" + strings.ToUpper(id(1).String())} {
		replace(t, disk, filepath.Join(dir, name), []byte("something"))
	}
	s := mustOpen(t, disk)
	checkBlockFiles(t, disk, s)
	all := files(t, disk)
	for name, want := range map[string]bool{"state-9.tmp": false, "state-1": false, "state-10": true, "state-x": true, "state-01": true, "notes": true, "junk": false} {
		if _, found := all[name]; found != want {
			t.Errorf("%s is there: %v", name, found)
		}
	}
}

func TestModes(t *testing.T) {
	d := t.TempDir() + "/hub/hank"
	s, err := Open(Config{FS: OS{}, Dir: d, Identity: hank})
	must(t, err)
	must(t, s.AddBlock(blockOf(1, 100), content(1, 100)))
	for name, want := range map[string]os.FileMode{"": 0o700, "lock": 0o600, "state-1": 0o600, "blocks": 0o700, "blocks/" + id(1).String(): 0o600} {
		if info, err := os.Stat(d + "/" + name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	must(t, s.Close())
	must(t, os.Chmod(d, 0o750))
	if _, err := Open(Config{FS: OS{}, Dir: d, Identity: hank}); err == nil || err.Error() != "others may enter "+d+" (mode 0750): run chmod 700 on it" {
		t.Errorf("error is %v", err)
	}
}
