package store

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// failRemovals makes all removals fail while failing is true.
func failRemovals(disk *MemoryDisk, failing *bool) {
	disk.Before = func(o Operation) error {
		if *failing && o.Kind == "remove" {
			return syscall.EIO
		}
		return nil
	}
}

// filesOf returns the numbers of logs and blocks on a disk.
func filesOf(t *testing.T, disk *MemoryDisk) (logs, blocks int) {
	names, err := disk.List(dir)
	must(t, err)
	for _, name := range names {
		if strings.HasPrefix(name, "state-") {
			logs++
		}
	}
	names, err = disk.List(filepath.Join(dir, "blocks"))
	must(t, err)
	return logs, len(names)
}

// It is not an error if files cannot be removed. They are zeroed, and removed ten minutes later,
// again and again until that works, or at the next start.
func TestFailingRemovals(t *testing.T) {
	for _, restarts := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			failing := false
			disk := NewMemoryDisk()
			failRemovals(disk, &failing)
			s := mustOpen(t, disk)
			must(t, s.AddBlock(blockOf(1, 1500), content(1, 1500)))
			must(t, s.Commit(shareOf(2, "sofia")))
			failing = true
			must(t, s.Commit(&Drop{id(1)}, &Forgotten{ShareID{"carol", id(2)}}))
			for range 3 {
				time.Sleep(forgetWithin)
				must(t, s.Commit())
			}
			if logs, blocks := filesOf(t, disk); logs < 2 || blocks != 1 {
				t.Fatalf("%d logs and %d blocks are there that cannot be removed", logs, blocks)
			}
			for name, f := range disk.names {
				old := strings.HasPrefix(filepath.Base(name), "state-") && name != logName(dir, s.number)
				if old || strings.Contains(name, "blocks") {
					mustBeZero(t, name, f.content)
				}
			}
			failing = false
			if restarts {
				must(t, s.Abandon())
				s = mustOpen(t, disk)
			} else {
				time.Sleep(forgetWithin)
				must(t, s.Commit())
			}
			if logs, blocks := filesOf(t, disk); logs != 1 || blocks != 0 || !s.Due().IsZero() {
				t.Errorf("%d logs and %d blocks are left, due %v", logs, blocks, s.Due())
			}
		})
	}
}

func mustBeZero(t *testing.T, name string, content []byte) {
	t.Helper()
	if strings.Trim(string(content), "\x00") != "" {
		t.Errorf("%s is not zeroed", name)
	}
}
