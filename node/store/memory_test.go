package store

import (
	"errors"
	"io"
	iofs "io/fs"
	"os"
	"slices"
	"syscall"
	"testing"
)

// newFile makes a file with these bytes, and syncs neither the file nor its name.
func newFile(t *testing.T, disk *MemoryDisk, name, bytes string) File {
	t.Helper()
	must(t, disk.MakeDir("/d"))
	f, err := disk.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	must(t, err)
	_, err = f.WriteAt([]byte(bytes), 0)
	must(t, err)
	return f
}

// wantFiles fails the test unless /d contains exactly these names, with these bytes.
func wantFiles(t *testing.T, disk *MemoryDisk, want map[string]string) {
	t.Helper()
	names, err := disk.List("/d")
	must(t, err)
	if len(names) != len(want) {
		t.Errorf("names are %v, want %v", names, want)
	}
	for name, bytes := range want {
		if got, err := readFile(disk, "/d/"+name); err != nil || string(got) != bytes {
			t.Errorf("%s is %q, %v; want %q", name, got, err, bytes)
		}
	}
}

func TestCrashForgets(t *testing.T) {
	disk := NewMemoryDisk()
	f := newFile(t, disk, "/d/a", "synced")
	must(t, f.Sync())
	must(t, disk.SyncDir("/d"))
	_, err := f.WriteAt([]byte("more"), 6)
	must(t, err)
	must(t, newFile(t, disk, "/d/b", "without a name").Sync())
	wantFiles(t, disk, map[string]string{"a": "syncedmore", "b": "without a name"})
	wantFiles(t, disk.Copy(), map[string]string{"a": "syncedmore", "b": "without a name"})

	wantFiles(t, crashedCopy(disk, keepAll), map[string]string{"a": "syncedmore", "b": "without a name"})
	must(t, disk.Remove("/d/a"))
	must(t, disk.Rename("/d/b", "/d/c"))
	wantFiles(t, crashedCopy(disk, keepAll), map[string]string{"c": "without a name"})
	wantFiles(t, disk.Crash(keepNone), map[string]string{"a": "synced"})
	if _, err := f.WriteAt([]byte("late"), 0); !errors.Is(err, errCrashed) {
		t.Errorf("a crashed disk was written: %v", err)
	}
	if _, err := disk.List("/d"); !errors.Is(err, errCrashed) {
		t.Errorf("a crashed disk was read: %v", err)
	}
}

func TestCrashTears(t *testing.T) {
	disk := NewMemoryDisk()
	f := newFile(t, disk, "/d/a", "")
	must(t, disk.SyncDir("/d"))
	_, err := f.WriteAt(content(0, 1300), 500) // 12, 512, 512 and 264 bytes
	must(t, err)
	n := 0
	data, err := readFile(disk.Crash(func() bool { n++; return n == 1 || n == 3 }), "/d/a")
	must(t, err)
	want := slices.Concat(make([]byte, 500), content(0, 12), make([]byte, 512), content(0, 1300)[524:1036])
	if n != 4 || !slices.Equal(data, want) {
		t.Errorf("of %d parts % x is left", n, data)
	}
}

func TestFailedSyncForgets(t *testing.T) {
	disk := NewMemoryDisk()
	fails := ""
	disk.Before = func(o Operation) error {
		if o.Kind == fails {
			return syscall.EIO
		}
		return nil
	}
	f := newFile(t, disk, "/d/a", "lost")
	fails = "sync"
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("error is %v", err)
	}
	fails = "write"
	if n, err := f.WriteAt([]byte("torn"), 4); n != 2 || !errors.Is(err, syscall.EIO) {
		t.Fatalf("%d bytes, %v", n, err)
	}
	fails = "sync-dir"
	if err := disk.SyncDir("/d"); !errors.Is(err, syscall.EIO) {
		t.Fatalf("error is %v", err)
	}
	fails = ""
	must(t, f.Sync())
	wantFiles(t, disk, map[string]string{"a": "lostto"})
	must(t, disk.SyncDir("/d"))
	wantFiles(t, crashedCopy(disk, keepAll), nil)
	must(t, disk.Rename("/d/a", "/d/b"))
	must(t, disk.SyncDir("/d"))
	wantFiles(t, disk.Crash(keepNone), map[string]string{"b": "\x00\x00\x00\x00to"})
}

// Both file systems behave alike.
func TestFileSystems(t *testing.T) {
	for name, fs := range map[string]FS{"memory": NewMemoryDisk(), "os": OS{}} {
		t.Run(name, func(t *testing.T) {
			d := t.TempDir() + "/x/y"
			must(t, fs.MakeDir(d))
			must(t, fs.MakeDir(d))
			f, err := fs.Open(d+"/b", os.O_RDWR|os.O_CREATE|os.O_EXCL)
			must(t, err)
			defer f.Close()
			_, err = f.WriteAt([]byte("bytes"), 3)
			must(t, err)
			if _, err := fs.Open(d+"/b", os.O_RDWR|os.O_CREATE|os.O_EXCL); !errors.Is(err, iofs.ErrExist) {
				t.Errorf("made twice: %v", err)
			}
			for _, err := range []error{f.Sync(), fs.SyncDir(d), fs.Rename(d+"/b", d+"/a")} {
				must(t, err)
			}
			if data, err := readFile(fs, d+"/a"); err != nil || string(data) != "\x00\x00\x00bytes" {
				t.Errorf("read %q, %v", data, err)
			}
			if n, err := f.ReadAt(make([]byte, 9), 2); n != 6 || err != io.EOF {
				t.Errorf("read %d bytes, %v", n, err)
			}
			lock, err := fs.Lock(d + "/lock")
			must(t, err)
			if _, err := fs.Lock(d + "/lock"); !errors.Is(err, ErrLocked) {
				t.Errorf("locked twice: %v", err)
			}
			must(t, lock.Close())
			lock, err = fs.Lock(d + "/lock")
			must(t, err)
			must(t, lock.Close())
			if names, err := fs.List(d); err != nil || !slices.Equal(names, []string{"a", "lock"}) {
				t.Errorf("names are %v, %v", names, err)
			}
			must(t, fs.Remove(d+"/a"))
			_, opened := fs.Open(d+"/a", os.O_RDWR)
			_, listed := fs.List(d + "/none")
			for _, err := range []error{opened, listed, fs.Remove(d + "/a"), fs.Rename(d+"/a", d+"/b")} {
				if !errors.Is(err, iofs.ErrNotExist) {
					t.Errorf("what is not there: %v", err)
				}
			}
		})
	}
}
