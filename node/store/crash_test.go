package store

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"dske/psrd"
)

// live does the remaining steps until one fails, and returns how many are done in total.
func live(s *Store, done int) int {
	for _, do := range script()[done:] {
		if do(s) != nil {
			return done
		}
		done++
	}
	return done
}

// run opens the store on a disk and lives until the end or an error. It returns how many steps are
// done, including the earlier ones.
func run(disk *MemoryDisk, done int) int {
	s, err := Open(Config{FS: disk, Dir: dir, Identity: hank})
	if err != nil {
		return done
	}
	return live(s, done)
}

// operations returns how many operations a disk has done.
func operations(disk *MemoryDisk) int {
	disk.mu.Lock()
	defer disk.mu.Unlock()
	return disk.count
}

// dieAt makes a machine crash before operation n; from then on nothing is done.
func dieAt(disk *MemoryDisk, n int) {
	disk.Before = func(o Operation) error {
		if o.Number >= n {
			disk.mu.Lock()
			disk.crashed = true
			disk.mu.Unlock()
		}
		return nil
	}
}

// recovered opens the store after a crash. All steps that were done must be there, and the next
// step may be. It returns the number of steps that are there.
func recovered(t *testing.T, disk *MemoryDisk, done int, want []string) (*Store, int) {
	t.Helper()
	s := mustOpen(t, disk)
	checkBlockFiles(t, disk, s)
	switch got := contentsOf(s); {
	case got == want[done]:
		return s, done
	case done+1 < len(want) && got == want[done+1]:
		return s, done + 1
	}
	t.Fatalf("after %d steps and a crash: %+v", done, s.state)
	return nil, 0
}

// ways returns which unsynced data a crash may leave.
func ways(seed int) map[string]func() bool {
	all := map[string]func() bool{"nothing": keepNone, "all": keepAll}
	draws := 3
	if *long {
		draws = 100
	}
	for i := range draws {
		all[fmt.Sprintf("drawn %d", i)] = keepSome(1000*seed + i)
	}
	return all
}

// The machine crashes before each operation of a life, and unsynced data is lost, kept, or torn. It
// crashes again at an operation of the start that follows.
func TestCrashPoints(t *testing.T) {
	want := afterEach(t)
	disk := NewMemoryDisk()
	if run(disk, 0) != len(script()) {
		t.Fatal("the life did not end well")
	}
	n := operations(disk)
	t.Logf("%d operations", n)
	for i := 1; i <= n+1; i++ {
		for name, keep := range ways(i) {
			t.Run(fmt.Sprintf("%d %s", i, name), func(t *testing.T) {
				first := NewMemoryDisk()
				dieAt(first, i)
				done := run(first, 0)

				second := first.Crash(keep)
				again := second.Copy()
				s, _ := recovered(t, again, done, want)
				end := operations(again)
				must(t, s.Close())

				at := 1 + (i*7+len(name))%end
				dieAt(second, at)
				s, err := Open(Config{FS: second, Dir: dir, Identity: hank})
				if err == nil && at < end/2 {
					s.Close()
				}
				s, done = recovered(t, second.Crash(keepSome(i)), done, want)
				if end := live(s, done); end != len(script()) || contentsOf(s) != want[end] {
					t.Fatalf("of the steps from %d on, those to %d were done", done, end)
				}
			})
		}
	}
}

// The process is killed before each operation, so that the next process finds all written data,
// synced or not, and the machine crashes while that process starts.
func TestKillPoints(t *testing.T) {
	want := afterEach(t)
	disk := NewMemoryDisk()
	run(disk, 0)
	n := operations(disk)
	stride := 4
	if *long {
		stride = 1
	}
	for i := 1; i <= n+1; i++ {
		for at := 1 + i%stride; ; at += stride {
			disk := NewMemoryDisk()
			dieAt(disk, i)
			done := run(disk, 0)

			disk.crashed, disk.count, disk.locks = false, 0, map[string]bool{}
			dieAt(disk, at)
			_, err := Open(Config{FS: disk, Dir: dir, Identity: hank})
			recovered(t, disk.Crash(keepSome(100*i+at)), done, want)
			if err == nil {
				break
			}
		}
	}
}

// An operation fails, once or for a while. In the meantime the node refuses and forgets nothing;
// then it recovers. A crash at any step has no other effect.
func TestFailingOperations(t *testing.T) {
	want := afterEach(t)
	disk := NewMemoryDisk()
	run(disk, 0)
	n := operations(disk)
	causes, lengths := []error{syscall.EIO, syscall.ENOSPC, syscall.EROFS}, []int{1, 2, 9}
	for i := 1; i <= n; i++ {
		for c, cause := range causes {
			for l, length := range lengths {
				if !*long && (c+l+i)%len(causes) != 0 {
					continue
				}
				t.Run(fmt.Sprintf("%d %v %d", i, cause, length), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { failAt(t, i, length, cause, want) })
				})
			}
		}
	}
}

func failAt(t *testing.T, first, length int, cause error, want []string) {
	disk := NewMemoryDisk()
	disk.Before = func(o Operation) error {
		if o.Number >= first && o.Number < first+length {
			return cause
		}
		return nil
	}
	reopen := func() *Store {
		s, err := Open(Config{FS: disk, Dir: dir, Identity: hank})
		for tries := 0; err != nil && tries < 20; tries++ {
			s, err = Open(Config{FS: disk, Dir: dir, Identity: hank})
		}
		must(t, err)
		return s
	}
	s := reopen()
	for done := 0; done < len(script()); {
		before := contentsOf(s)
		err := script()[done](s)
		switch {
		case err == nil:
			done++
			if contentsOf(s) != want[done] {
				t.Fatalf("step %d led to %+v", done, s.state)
			}
			continue
		case errors.Is(err, psrd.ErrDuplicateBlock): // the block's file exists, but its record failed
			must(t, s.Close())
			s = reopen()
			continue
		case !errors.Is(err, ErrStorage) || !errors.Is(err, cause):
			t.Fatalf("step %d failed with %v", done, err)
		case contentsOf(s) != before && contentsOf(s) != want[done+1]:
			t.Fatalf("step %d failed and led to %+v", done, s.state)
		}
		recovered(t, crashedCopy(disk, keepSome(first+done)), done, want)
		time.Sleep(healEvery)
	}
	must(t, s.Close())
	recovered(t, crashedCopy(disk, keepNone), len(script()), want)
}

// crashedCopy returns what a crash would leave of a disk; the disk itself continues.
func crashedCopy(d *MemoryDisk, keep func() bool) *MemoryDisk {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.afterCrash(keep)
}

// The lock ends with the machine.
func TestCrashEndsTheLock(t *testing.T) {
	disk := NewMemoryDisk()
	s := mustOpen(t, disk)
	if _, err := Open(Config{FS: disk, Dir: dir, Identity: hank}); !errors.Is(err, ErrLocked) {
		t.Errorf("error is %v, want %v", err, ErrLocked)
	}
	next := disk.Crash(keepAll)
	must(t, mustOpen(t, next).Close())
	must(t, mustOpen(t, next).Close())
	if err := s.Commit(shareOf(1, "sofia")); !errors.Is(err, errCrashed) {
		t.Errorf("after the crash: %v", err)
	}
}
