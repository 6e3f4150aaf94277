package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// logOf returns the log of a life, the start of each of its frames, and the state after each.
func logOf(t testing.TB) (data []byte, starts []int, want []string) {
	t.Helper()
	want = afterEach(t)
	data, err := readFile(lived(t, len(script())), logName(dir, 1))
	must(t, err)
	l, salt := &logFile{}, uint32(0)
	for at := 0; at < len(data); {
		f, err := parseFrame(data[at:], salt)
		must(t, err)
		if len(starts) == 0 {
			must(t, l.members(&codec{buf: f.records, reading: true}))
			salt = l.salt
		}
		starts = append(starts, at)
		at += f.size()
	}
	return data, starts, want
}

// One wrong bit in each byte in turn: in the last frame it looks torn, in all others it is
// detected.
func TestFlippedBit(t *testing.T) {
	data, starts, want := logOf(t)
	last := starts[len(starts)-1]
	for i := range data {
		data[i] ^= 1 << (i % 8)
		l, err := parseLog("state-1", 1, data)
		switch {
		case i < last && (l != nil || !errors.Is(err, ErrDamaged)):
			t.Errorf("byte %d: %v", i, err)
		case i >= last && (err != nil || contents(l.state) != want[len(want)-2] || l.end != last):
			t.Errorf("byte %d, in the last frame: %v", i, err)
		}
		data[i] ^= 1 << (i % 8)
	}
	if l, err := parseLog("state-1", 1, data); err != nil || contents(l.state) != want[len(want)-1] {
		t.Errorf("as it was: %v", err)
	}
}

// A truncated log gives the state at that point, and none if not even the snapshot is complete.
func TestTruncatedLog(t *testing.T) {
	data, starts, want := logOf(t)
	for size := range data {
		started, _ := slices.BinarySearch(starts, size+1)
		frames := started - 1 // the last frame that started is not complete
		l, err := parseLog("state-1", 1, data[:size])
		switch {
		case frames == 0:
			if !errors.Is(err, ErrDamaged) {
				t.Errorf("%d bytes: %v", size, err)
			}
		case err != nil || contents(l.state) != want[frames-1] || l.end != starts[frames]:
			t.Errorf("%d bytes: %v", size, err)
		}
	}
}

// Sectors are zero, or the rest belongs to another log.
func TestReplacedSectors(t *testing.T) {
	data, starts, _ := logOf(t)
	for at := 0; at+sector < starts[len(starts)-1]; at += 64 {
		broken := slices.Clone(data)
		clear(broken[at : at+sector])
		if _, err := parseLog("state-1", 1, broken); !errors.Is(err, ErrDamaged) {
			t.Errorf("zeroes from %d on: %v", at, err)
		}
	}
	other, otherStarts, _ := logOf(t)
	mixed := slices.Concat(data[:starts[3]], other[otherStarts[3]:])
	if l, err := parseLog("state-1", 1, mixed); err != nil || l.end != starts[3] {
		t.Errorf("frames of another log: %v", err)
	}
	twice := slices.Concat(data, data[starts[2]:])
	if _, err := parseLog("state-1", 1, twice); !errors.Is(err, ErrDamaged) {
		t.Errorf("frames that come twice: %v", err)
	}
}

// A peer chooses bytes of a share. They cannot pass for a later frame, which would turn a torn
// frame into damage.
func TestFrameInATornFrame(t *testing.T) {
	disk := lived(t, 4)
	s := mustOpen(t, disk)
	start := int(s.end)
	trap := frame{log: s.number, serial: s.serial + 1, synced: uint64(s.end + 1), records: []byte{}}.append(nil, 0)
	must(t, s.Commit(&Share{ShareID: ShareID{"mallory", id(66)}, Slaves: []string{"sofia"}, Value: NewSecret(slices.Concat(trap, trap, make([]byte, 2000)))}))
	data, err := readFile(disk, logName(dir, s.number))
	must(t, err)
	if l, err := parseLog("state-2", s.number, data[:len(data)-500]); err != nil || l.end != start {
		t.Fatalf("a node that crashed cannot start: %v", err)
	}
}

// A wrong bit in a block file is detected anywhere above the mark, except in the piece that
// contains the mark.
func TestFlippedBitInBlock(t *testing.T) {
	const size = 1300
	for _, mark := range []int{0, 32, piece, piece + 1, 2*piece + 100} {
		disk := NewMemoryDisk()
		s := mustOpen(t, disk)
		must(t, s.AddBlock(blockOf(1, size), content(1, size)))
		must(t, s.Commit(&Mark{id(1), mark, 0}))
		must(t, s.Close())
		name := blockName(dir, id(1))
		file, err := readFile(disk, name)
		must(t, err)
		checked := (mark + piece - 1) / piece * sector
		b := blockOf(1, size)
		b.Mark = mark
		for i := range file {
			file[i] ^= 0x10
			if _, err := decodeBlock(name, b, file); (err != nil) != (i >= checked) {
				t.Errorf("mark %d, byte %d: %v", mark, i, err)
			}
			file[i] ^= 0x10
		}
		for _, changed := range [][]byte{file[:len(file)-1], append(slices.Clone(file), 0), nil} {
			replace(t, disk, name, changed)
			wantRefused(t, disk, hank, ErrDamaged, name)
		}
		if checked < len(file) {
			file[len(file)-1] ^= 1
			replace(t, disk, name, file)
			wantRefused(t, disk, hank, ErrDamaged, "of the block")
			file[len(file)-1] ^= 1
		}
		replace(t, disk, name, file)
		must(t, mustOpen(t, disk).Close())
	}
}

// Two swapped files have the right size.
func TestSwappedBlocks(t *testing.T) {
	disk := NewMemoryDisk()
	s := mustOpen(t, disk)
	for n := range 2 {
		must(t, s.AddBlock(blockOf(n, 600), content(n, 600)))
	}
	must(t, s.Close())
	a, b := disk.names[blockName(dir, id(0))], disk.names[blockName(dir, id(1))]
	disk.names[blockName(dir, id(0))], disk.names[blockName(dir, id(1))] = b, a
	wantRefused(t, disk, hank, ErrDamaged, "bytes 0 to 507 of the block")
}

// Reading any file succeeds or fails with an error, even if every checksum is right.
func FuzzLog(f *testing.F) {
	data, starts, _ := logOf(f)
	f.Add(data)
	f.Add(data[:starts[1]+7])
	f.Add([]byte(strings.Repeat(magic, 20)))
	f.Add(data[headerSize : starts[1]-crcSize])
	f.Fuzz(func(t *testing.T, data []byte) {
		sealed := frame{log: 1, records: data}.append(nil, 0)
		for _, data := range [][]byte{data, slices.Concat(sealed, data)} {
			l, err := parseLog("state-1", 1, data)
			if (l == nil) == (err == nil) || l != nil && (l.frames == 0 || l.end > len(data)) {
				t.Errorf("%+v, %v", l, err)
			}
		}
	})
}

// Reading any records of a frame ends, and the records read are the same after they are written and
// read again.
func FuzzRecords(f *testing.F) {
	s := mustOpen(f, lived(f, len(script())-4))
	s.View(func(state *State) { f.Add([]byte(contents(state))) })
	for kind := range byte(14) {
		f.Add([]byte{kind, 2, 'a', 2, 'b', 4, 'a', 'b', 0, 0, 0, 0, 0})
	}
	f.Add([]byte{8, 0, 0, 0xfe, 0xff, 0xff, 0xff, 0x0f}) // a list longer than there is memory
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := parseRecords(data)
		if err != nil {
			return
		}
		var c codec
		appendRecords(&c, records)
		again, err := parseRecords(c.buf)
		if err != nil {
			t.Fatal(err)
		}
		one, two := NewState(), NewState()
		for i := range records {
			one.Apply(records[i])
			two.Apply(again[i])
		}
		if contents(one) != contents(two) {
			t.Errorf("%+v is read as %+v", one, two)
		}
		for _, b := range one.Blocks {
			if b.Mark < 0 || b.Mark > b.Size || b.Size <= 0 {
				t.Errorf("%+v", b)
			}
		}
	})
}
