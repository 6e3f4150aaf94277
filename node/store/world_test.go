package store

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
)

var long = flag.Bool("long", false, "crash every run of this package in many more ways")

const dir = "/data/hub/hank"

var hank = Identity{Kind: "hub", Node: "hank", Suite: "its", Network: "test"}

// id returns the UUID of item n of a test.
func id(n int) uuid.UUID { return uuid.UUID{0: 0xab, 15: byte(n)} }

// content returns the bytes of block n. None of them is zero.
func content(n, size int) []byte {
	data := make([]byte, size)
	for i := range data {
		data[i] = byte(1 + (101*n+7*i+i/255)%255)
	}
	return data
}

// blockOf returns block n, without its bytes.
func blockOf(n, size int) Block {
	return Block{ID: id(n), Peer: "carol", Owner: "hub", Purpose: "pad", Size: size}
}

func shareOf(n int, slaves ...string) *Share {
	value := NewSecret(bytes.Repeat([]byte{byte(n)}, 300))
	return &Share{ShareID: ShareID{"carol", id(n)}, Slaves: slaves, Expires: time.Unix(1700000000, 5), Value: value}
}

func mustOpen(t testing.TB, fs FS) *Store {
	t.Helper()
	s, err := Open(Config{FS: fs, Dir: dir, Identity: hank})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// must fails the test if there is an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// contents returns the contents of a state, for comparison.
func contents(state *State) string {
	var c codec
	appendRecords(&c, state.records())
	return string(c.buf)
}

func contentsOf(s *Store) (text string) {
	s.View(func(state *State) { text = contents(state) })
	return text
}

// files returns the names in the directory and its directory of blocks, and the bytes of each file.
func files(t testing.TB, disk *MemoryDisk) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for _, d := range []string{dir, filepath.Join(dir, "blocks")} {
		names, err := disk.List(d)
		must(t, err)
		for _, name := range names {
			if name != "blocks" {
				data, err := readFile(disk, filepath.Join(d, name))
				must(t, err)
				all[name] = data
			}
		}
	}
	return all
}

// keepAll, keepNone and keepSome say which unsynced data a crash leaves.
func keepAll() bool  { return true }
func keepNone() bool { return false }

func keepSome(seed int) func() bool {
	random := rand.New(rand.NewPCG(uint64(seed), 15))
	share := random.Float64()
	return func() bool { return random.Float64() < share }
}

// step is one action of a node, to be repeated if it fails.
type step func(*Store) error

// script is a life of a hub, with each kind of record. A step can be repeated.
func script() []step {
	commit := func(records func() []Record) step {
		return func(s *Store) error { return s.Commit(records()...) }
	}
	add := func(n, size int) step {
		return func(s *Store) error { return s.AddBlock(blockOf(n, size), content(n, size)) }
	}
	return []step{
		commit(func() []Record {
			return []Record{&Registration{"carol", NewSecret([]byte("token")), []string{"sam", "sue"}, true}}
		}),
		add(1, 4000),
		add(2, 508),
		add(3, 700),
		commit(func() []Record { return []Record{&Mark{id(1), 1000, 0}, &Mark{id(2), 508, 32}, &Mark{id(3), 32, 0}} }),
		commit(func() []Record {
			return []Record{shareOf(1, "sofia"), shareOf(2, "sofia", "stan"), shareOf(3, "sofia")}
		}),
		commit(func() []Record { return []Record{&Mark{id(1), 1016, 1000}, &Mark{id(3), 640, 32}, &Drop{id(2)}} }),
		commit(func() []Record {
			return []Record{&Confirmed{ShareID{"carol", id(1)}, "sofia"}, &Confirmed{ShareID{"carol", id(2)}, "sofia"}}
		}),
		commit(func() []Record {
			parcel := &Parcel{id(5), "carol", 1, id(6), time.Unix(1600000000, 0), time.Unix(1700000000, 0), ParcelOut, []uuid.UUID{id(1), id(2)}}
			return []Record{&Forgotten{ShareID{"carol", id(3)}}, &Drawn{"psrd carol", 7}, parcel}
		}),
		commit(func() []Record {
			return []Record{&Delivered{"sam", "sofia", []uuid.UUID{id(8), id(9)}, time.Unix(1700000000, 0)}, &Counter{"refused", 3}}
		}),
		commit(func() []Record { return []Record{&DeliveryOver{"sam", "sofia", []uuid.UUID{id(8)}}, &Drop{id(3)}} }),
		commit(func() []Record { return []Record{&Mark{id(1), 4000, 1016}} }),
	}
}

// afterEach returns the contents of the state before the first step and after each.
func afterEach(t testing.TB) []string {
	t.Helper()
	s := mustOpen(t, NewMemoryDisk())
	all := []string{contentsOf(s)}
	for _, do := range script() {
		must(t, do(s))
		all = append(all, contentsOf(s))
	}
	return all
}

// checkBlockFiles fails the test unless there is exactly one file for each block, with its unspent
// bytes, and zeroes before them.
func checkBlockFiles(t testing.TB, disk *MemoryDisk, s *Store) {
	t.Helper()
	var blocks []Block
	s.View(func(state *State) { blocks = state.sortedBlocks() })
	names, err := disk.List(filepath.Join(dir, "blocks"))
	must(t, err)
	if len(names) != len(blocks) {
		t.Fatalf("files %v for blocks %v", names, blocks)
	}
	for _, b := range blocks {
		file, err := readFile(disk, blockName(dir, b.ID))
		must(t, err)
		spent := spentSize(b.Mark)
		if i := slices.IndexFunc(file[:spent], func(c byte) bool { return c != 0 }); i >= 0 {
			t.Fatalf("%v, mark %d: byte %d of the file is still there", b.ID, b.Mark, i)
		}
		tail, err := readBlock(disk, dir, b)
		must(t, err)
		if want := content(int(b.ID[15]), b.Size)[b.Mark:]; !bytes.Equal(tail, want) {
			t.Fatalf("%v, mark %d: other bytes are left", b.ID, b.Mark)
		}
	}
}
