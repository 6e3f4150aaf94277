package store

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"dske/psrd"
)

// countSyncs counts the syncs of the log on a disk where each takes a second.
func countSyncs(disk *MemoryDisk) *int {
	n := new(int)
	disk.Before = func(o Operation) error {
		if o.Kind == "sync" && anyLogNumber(filepath.Base(o.Name)) > 0 {
			*n++
			time.Sleep(time.Second)
		}
		return nil
	}
	return n
}

// Callers that arrive while the disk is busy share the next sync.
func TestGroupCommit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := NewMemoryDisk()
		syncs := countSyncs(disk)
		s := mustOpen(t, disk)
		*syncs = 0
		start := time.Now()
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				if err := s.Commit(&Drawn{fmt.Sprint(i), 1}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if *syncs != 2 && *syncs != 1 || time.Since(start) != time.Duration(*syncs)*time.Second {
			t.Errorf("%d syncs in %v", *syncs, time.Since(start))
		}
		before := contentsOf(s)
		if got := contentsOf(mustOpen(t, disk.Crash(keepNone))); got != before {
			t.Error("not all are there after a crash")
		}
	})
}

// Goroutines commit, read and add blocks concurrently. Acknowledged records survive a crash at any
// time.
func TestConcurrentCommits(t *testing.T) {
	disk := NewMemoryDisk()
	s := mustOpen(t, disk)
	var acknowledged [8]int64
	var all sync.WaitGroup
	for i := range acknowledged {
		all.Go(func() {
			for n := int64(1); ; n++ {
				id := ShareID{fmt.Sprint(i), id(int(n))}
				share := &Share{ShareID: id, Slaves: []string{"sofia"}, Value: NewSecret(make([]byte, 100))}
				if s.Commit(&Drawn{fmt.Sprint(i), n}, share) != nil {
					return
				}
				acknowledged[i] = n
				s.View(func(state *State) { state.BlocksWith("carol") })
				if s.Commit(&Forgotten{id}) != nil || s.Ready() != nil {
					return
				}
			}
		})
	}
	for n := range 10 {
		must(t, s.AddBlock(blockOf(n, 5000), content(n, 5000)))
		must(t, s.Commit(&Mark{id(n), 100 * n, 0}))
	}
	next := disk.Crash(keepSome(1))
	all.Wait()
	s = mustOpen(t, next)
	checkBlockFiles(t, next, s)
	s.View(func(state *State) {
		for i, n := range acknowledged {
			if got := state.Drawn[fmt.Sprint(i)]; got < n || got > n+1 {
				t.Errorf("%d: %d was acknowledged and %d is there", i, n, got)
			}
		}
		if len(state.Blocks) != 10 {
			t.Errorf("%d blocks", len(state.Blocks))
		}
	})
}

// Commits on the disk of the operating system, by as many goroutines as the name says.
func BenchmarkCommit(b *testing.B) {
	for _, atOnce := range []int{1, 16, 128} {
		b.Run(fmt.Sprint(atOnce), func(b *testing.B) {
			s, err := Open(Config{FS: OS{}, Dir: b.TempDir() + "/hank", Identity: hank})
			must(b, err)
			var all sync.WaitGroup
			var n atomic.Int64
			for range atOnce {
				all.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						if err := s.Commit(&Mark{id(1), int(i), 0}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			must(b, s.Close())
		})
	}
}

func TestLongLogEnds(t *testing.T) {
	disk := NewMemoryDisk()
	s := mustOpen(t, disk)
	for i := range 50 {
		value := NewSecret(bytes.Repeat([]byte{0xee}, 200<<10))
		must(t, s.Commit(&Share{ShareID: ShareID{"carol", id(i)}, Slaves: []string{"sofia"}, Value: value}))
		must(t, s.Commit(&Forgotten{ShareID{"carol", id(i)}}))
		if s.end > maxLog+300<<10 {
			t.Fatalf("the log has %d bytes", s.end)
		}
	}
	if s.number != 3 {
		t.Errorf("10 MB of records made state-%d", s.number)
	}
	all := files(t, disk)
	if len(all) != 2 || all["state-3"] == nil {
		t.Errorf("%d files", len(all))
	}
}

// Ten minutes later, a forgotten value is in no file, not even in a removed one.
func TestForgottenValueIsGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := NewMemoryDisk()
		s := mustOpen(t, disk)
		value := bytes.Repeat([]byte{0xee}, 2000)
		share := shareOf(1, "sofia", "stan")
		share.Value = NewSecret(bytes.Clone(value))
		must(t, s.Commit(share))
		old := disk.names[logName(dir, 1)]
		must(t, s.Commit(&Confirmed{share.ShareID, "sofia"}))
		if !bytes.Equal(share.Value.Reveal(), value) {
			t.Error("the share is needed yet")
		}
		if due := s.Due(); !due.IsZero() {
			t.Errorf("nothing was forgotten, and due is %v", due)
		}
		must(t, s.Commit(&Confirmed{share.ShareID, "stan"}))
		if due := s.Due(); time.Until(due) != forgetWithin {
			t.Errorf("due is %v, now is %v", due, time.Now())
		}
		if !bytes.Equal(share.Value.Reveal(), make([]byte, 2000)) {
			t.Error("the share is still in memory")
		}
		time.Sleep(forgetWithin - time.Second)
		must(t, s.Commit())
		if !bytes.Contains(old.synced, value) {
			t.Error("the log was written again too early")
		}
		time.Sleep(time.Second)
		must(t, s.Commit())
		for name, data := range files(t, disk) {
			if bytes.Contains(data, value[:64]) {
				t.Errorf("the value is in %s", name)
			}
		}
		if bytes.Contains(old.synced, value[:64]) {
			t.Error("the value is where the old log was")
		}
		time.Sleep(forgetWithin)
		must(t, s.Commit())
		must(t, s.Commit(&Registration{Client: "carol", Token: NewSecret([]byte("old"))}))
		time.Sleep(forgetWithin)
		must(t, s.Commit())
		if s.number != 2 {
			t.Errorf("without anything forgotten there is state-%d", s.number)
		}
		must(t, s.Commit(&Registration{Client: "carol", Token: NewSecret([]byte("new"))}))
		time.Sleep(forgetWithin)
		must(t, s.Commit())
		if s.number != 3 {
			t.Errorf("a token was replaced, and there is state-%d", s.number)
		}
	})
}

// The disk is full for a while: the reason is reported before anything is spent, the disk is tried
// once a second, and when it has room everything continues.
func TestHeals(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := NewMemoryDisk()
		s := mustOpen(t, disk)
		var full bool
		var asked int
		disk.Before = func(o Operation) error {
			if full && (o.Kind == "create" || o.Kind == "write") {
				asked++
				return syscall.ENOSPC
			}
			return nil
		}
		must(t, s.Ready())
		full = true
		must(t, s.Ready()) // not known yet
		before := contentsOf(s)
		if err := s.Commit(shareOf(1, "sofia")); !errors.Is(err, ErrStorage) || !strings.Contains(err.Error(), "storage failed: write /data/hub/hank/state-1.tmp: no space left on device") {
			t.Fatalf("error is %v", err)
		}
		asked = 0
		for range 100 {
			for _, err := range []error{s.Ready(), s.Commit(shareOf(1, "sofia")), s.AddBlock(blockOf(1, 10), content(1, 10))} {
				if !errors.Is(err, ErrStorage) || !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("error is %v", err)
				}
			}
			time.Sleep(100 * time.Millisecond)
		}
		if asked < 9 || asked > 10 {
			t.Errorf("asked %d times in 10 s", asked)
		}
		if contentsOf(s) != before {
			t.Error("the state has changed")
		}
		full = false
		if err := s.Ready(); err != nil {
			time.Sleep(healEvery)
			must(t, s.Ready())
		}
		must(t, s.Commit(shareOf(1, "sofia")))
		want := contentsOf(s)
		if got := contentsOf(mustOpen(t, disk.Crash(keepNone))); got != want {
			t.Error("not all is there after a crash")
		}
	})
}

// After a failed sync another one may succeed without the bytes, so the log is never written again.
func TestFailedLogIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := NewMemoryDisk()
		s := mustOpen(t, disk)
		var operations []string
		fail := true
		disk.Before = func(o Operation) error {
			operations = append(operations, o.Kind+" "+filepath.Base(o.Name))
			if fail && o.Kind == "sync" {
				fail = false
				return syscall.EIO
			}
			return nil
		}
		if s.Commit(shareOf(1, "sofia")) == nil {
			t.Fatal("a failed sync was not noticed")
		}
		time.Sleep(healEvery)
		must(t, s.Commit(shareOf(2, "sofia")))
		renamed := slices.Index(operations, "rename state-2.tmp")
		first := slices.Index(operations, "sync state-1.tmp")
		if first < 0 || renamed < 0 {
			t.Fatalf("operations are %q", operations)
		}
		for _, o := range operations[first+1 : renamed] {
			if strings.Contains(o, "state-1") {
				t.Errorf("%s before there was another", o)
			}
		}
		s = mustOpen(t, disk.Crash(keepNone))
		s.View(func(state *State) {
			if len(state.Shares) != 1 || state.Shares[ShareID{"carol", id(2)}].KeyID != id(2) {
				t.Errorf("shares are %v", state.Shares)
			}
		})
	})
}

// Bytes below a mark are erased from the file when Commit returns; if that fails, the error says
// so.
func TestMarkZeroes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := NewMemoryDisk()
		s := mustOpen(t, disk)
		must(t, s.AddBlock(blockOf(1, 3000), content(1, 3000)))
		var fails string
		syncs := 0
		disk.Before = func(o Operation) error {
			if o.Name != blockName(dir, id(1)) {
				return nil
			}
			if o.Kind == "sync" {
				syncs++
			}
			if o.Kind == fails {
				return syscall.EIO
			}
			return nil
		}
		for i, mark := range []int{1, 31, 508, 509, 1016, 2000} {
			must(t, s.Commit(&Mark{id(1), mark, 0}))
			checkBlockFiles(t, disk, s)
			if syncs != 1 {
				t.Errorf("%d syncs of the block file after %d marks within a moment", syncs, i+1)
			}
		}
		time.Sleep(zeroesLast)
		for _, fails = range []string{"open", "write", "sync"} {
			if err := s.Commit(&Mark{id(1), 2500, 0}); !errors.Is(err, ErrStorage) || !strings.Contains(err.Error(), "after the records were stored") {
				t.Errorf("the file cannot be zeroed, and the error is %v", err)
			}
		}
		fails = ""
		must(t, s.Ready())
		must(t, s.Commit(&Mark{id(1), 2500, 0}))
		checkBlockFiles(t, disk, s)
		must(t, s.Commit(&Mark{id(1), 2600, 0}))
		must(t, s.Close())
		disk = disk.Crash(keepNone)
		file, err := readFile(disk, blockName(dir, id(1)))
		must(t, err)
		if !bytes.Equal(file[:spentSize(2600)], make([]byte, spentSize(2600))) {
			t.Error("a stop did not sync the zeroes")
		}
	})
}

func TestDropRemoves(t *testing.T) {
	disk := lived(t, 5)
	s := mustOpen(t, disk)
	old := disk.names[blockName(dir, id(1))]
	must(t, s.Commit(&Drop{id(1)}))
	must(t, s.Commit(&Drop{id(1)}, &Mark{id(1), 1200, 0}))
	checkBlockFiles(t, disk, s)
	if i := slices.IndexFunc(old.synced, func(b byte) bool { return b != 0 }); i >= 0 {
		t.Errorf("byte %d is where the file was", i)
	}
}

func TestAddBlockRefused(t *testing.T) {
	disk := NewMemoryDisk()
	s := mustOpen(t, disk)
	must(t, s.AddBlock(blockOf(1, 10), content(1, 10)))
	before := files(t, disk)
	if err := s.AddBlock(blockOf(1, 10), content(2, 10)); !errors.Is(err, psrd.ErrDuplicateBlock) {
		t.Errorf("error is %v", err)
	}
	marked := blockOf(3, 10)
	marked.Mark = 1
	for _, b := range []Block{blockOf(3, 0), blockOf(3, 9), marked} {
		if s.AddBlock(b, make([]byte, 10)) == nil {
			t.Errorf("%+v was added", b)
		}
	}
	if after := files(t, disk); len(after) != len(before) {
		t.Errorf("there are %d files", len(after))
	}
}

// The bytes of a block above its mark come back, and are used only when the limit is raised.
func TestOpenBlock(t *testing.T) {
	disk := lived(t, 5)
	s := mustOpen(t, disk)
	b, err := s.OpenBlock(id(1))
	must(t, err)
	pool := psrd.NewOwnPool(psrd.ForAll)
	must(t, pool.Add(b))
	if _, err := pool.Allocate(1); !errors.Is(err, psrd.ErrExhausted) {
		t.Errorf("error is %v", err)
	}
	must(t, pool.Raise(id(1), 4000))
	a, err := pool.Allocate(3000)
	must(t, err)
	if value, err := a.Consume(); err != nil || !bytes.Equal(value, content(1, 4000)[1000:]) {
		t.Errorf("other bytes came back, %v", err)
	}
	if _, err := s.OpenBlock(id(9)); !errors.Is(err, psrd.ErrUnknownBlock) {
		t.Errorf("error is %v", err)
	}
	disk.Before = func(o Operation) error { return syscall.EIO }
	if _, err := s.OpenBlock(id(1)); !errors.Is(err, ErrStorage) || !errors.Is(err, syscall.EIO) {
		t.Errorf("error is %v", err)
	}
}

func TestClose(t *testing.T) {
	disk := NewMemoryDisk()
	counters := map[string]int64{"refused": 1}
	c := Config{FS: disk, Dir: dir, Identity: hank, Counters: func() map[string]int64 { return counters }}
	s, err := Open(c)
	must(t, err)
	counters["refused"] = 5
	must(t, s.Close())
	for _, err := range []error{s.Close(), s.Commit(shareOf(1, "sofia")), s.AddBlock(blockOf(1, 10), content(1, 10))} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("error is %v, want %v", err, ErrClosed)
		}
	}
	disk = disk.Crash(keepNone)
	s = mustOpen(t, disk)
	s.View(func(state *State) {
		if state.Counters["refused"] != 5 {
			t.Errorf("counters are %v", state.Counters)
		}
	})
}

// Printing a store shows no secret.
func TestNothingPrintsSecrets(t *testing.T) {
	s := mustOpen(t, lived(t, 6))
	s.View(func(state *State) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
			text := fmt.Sprintf(verb, state) + fmt.Sprintf(verb, *state) + fmt.Sprintf(verb, s)
			for _, secret := range []string{"token", "1 1 1 1", "010101", "0x1, 0x1", "\x01\x01"} {
				if strings.Contains(text, secret) {
					t.Errorf("%s shows %q", verb, secret)
				}
			}
		}
	})
}

func TestState(t *testing.T) {
	state := NewState()
	mark := func() Block { return state.Blocks[id(1)] }
	apply := func(r ...Record) {
		for _, r := range r {
			state.Apply(r)
		}
	}
	one, two, three := blockOf(1, 100), blockOf(2, 100), blockOf(3, 100)
	two.Peer = "connie"
	apply(&three, &two, &one, &Mark{id(1), 40, 30}, &Mark{id(1), 30, 20}, &Mark{id(9), 1, 1})
	if b := mark(); b.Mark != 40 || b.Acked != 30 {
		t.Errorf("a mark went down: %+v", b)
	}
	apply(&Mark{id(1), 101, -5})
	if b := mark(); b.Mark != 100 || b.Acked != 30 {
		t.Errorf("a mark is out of range: %+v", b)
	}
	apply(&one)
	if b := mark(); b.Mark != 100 {
		t.Errorf("a block was added twice: %+v", b)
	}
	if b := state.BlocksWith("carol"); len(b) != 2 || b[0].ID != id(3) || b[1].ID != id(1) {
		t.Errorf("blocks are %v", b)
	}
	apply(&Drop{id(1)}, &Mark{id(1), 50, 0})
	if _, found := state.Blocks[id(1)]; found {
		t.Error("a mark brought a block back")
	}

	apply(shareOf(1, "sofia", "stan"), &Confirmed{ShareID{"carol", id(1)}, "nobody"}, &Confirmed{ShareID{"celia", id(1)}, "sofia"},
		&Confirmed{ShareID{"carol", id(1)}, "sofia"}, &Confirmed{ShareID{"carol", id(1)}, "sofia"}, &Forgotten{ShareID{"carol", id(7)}})
	if share := state.Shares[ShareID{"carol", id(1)}]; !slices.Equal(share.Slaves, []string{"stan"}) {
		t.Errorf("the share is %+v", share)
	}
	apply(&Confirmed{ShareID{"carol", id(1)}, "stan"}, &Confirmed{ShareID{"carol", id(1)}, "stan"})
	if len(state.Shares) != 0 {
		t.Error("the share is still there")
	}

	at := time.Unix(5, 0)
	apply(&Delivered{"sam", "sofia", []uuid.UUID{id(1), id(2)}, at}, &DeliveryOver{"sam", "stan", []uuid.UUID{id(1)}}, &DeliveryOver{"sam", "sofia", []uuid.UUID{id(2)}})
	if len(state.Deliveries) != 1 || state.Deliveries[DeliveryID{"sam", "sofia", id(1)}] != at {
		t.Errorf("deliveries are %v", state.Deliveries)
	}
	apply(&Drawn{"a", 7}, &Drawn{"a", 3}, &Counter{"c", 7}, &Counter{"c", 3})
	if state.Drawn["a"] != 7 || state.Counters["c"] != 3 {
		t.Errorf("%v, %v", state.Drawn, state.Counters)
	}
}
