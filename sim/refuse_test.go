package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"dske/node/store"
	"dske/protocol"
	"dske/sim/topology"
)

// small is a network that starts quickly.
func small(t testing.TB) *topology.Topology {
	t.Helper()
	top, err := topology.Generate(topology.Sizes{Hubs: 2, Clients: 2, Threshold: 2})
	if err != nil {
		t.Fatal(err)
	}
	return top
}

// live runs a network on a directory until it is ready, and calls do.
func live(t testing.TB, config Config, do func(*testNetwork)) error {
	t.Helper()
	config.Transport = Memory
	n, err := New(config)
	if err != nil {
		t.Fatal(err)
	}
	outside := newOutside(t, n)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		defer cancel()
		ended <- n.Run(ctx)
	}()
	if n.WaitReady(ctx) == nil && do != nil {
		do(&testNetwork{n, t, outside.Transport("outside")})
	}
	cancel()
	outside.CloseIdle()
	return <-ended
}

// contentOf returns all files below a directory.
func contentOf(t testing.TB, dir string) map[string]string {
	t.Helper()
	content := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			var text []byte
			text, err = os.ReadFile(path)
			content[path] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// A network does not start on a directory that is not its own or is damaged, and writes nothing
// anywhere in it.
func TestRefusesToStart(t *testing.T) {
	top := small(t)
	data := filepath.Join(t.TempDir(), "data")
	if err := live(t, Config{Topology: top, Data: data}, func(n *testNetwork) { n.keyPair("sae1", "sae2", 256) }); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if err := live(t, Config{Topology: top, Data: other}, nil); err != nil {
		t.Fatal(err)
	}
	log := func(dir string) string {
		names, err := filepath.Glob(filepath.Join(dir, "hub", "hub2", "state-*"))
		if err != nil || len(names) != 1 {
			t.Fatal(names, err)
		}
		return names[0]
	}
	python := small(t)
	python.Suite = protocol.SuitePython
	for name, c := range map[string]struct {
		change func(dir string) error
		top    *topology.Topology
		want   error
	}{
		"truncated": {func(dir string) error { return os.Truncate(log(dir), 50) }, top, store.ErrDamaged},
		"flipped":   {func(dir string) error { return edit(log(dir), func(b []byte) { b[60] ^= 1 }) }, top, store.ErrDamaged},
		"newer":     {func(dir string) error { return edit(log(dir), makeNewer) }, top, store.ErrNewer},
		"no log":    {func(dir string) error { return os.Remove(log(dir)) }, top, store.ErrDamaged},
		"a block gone": {func(dir string) error {
			names, _ := filepath.Glob(filepath.Join(dir, "client", "client1", "blocks", "*"))
			return os.Remove(names[0])
		}, top, store.ErrDamaged},
		"another node's": {func(dir string) error {
			hubs := filepath.Join(dir, "hub")
			return errors.Join(os.RemoveAll(filepath.Join(hubs, "hub2")), os.CopyFS(filepath.Join(hubs, "hub2"), os.DirFS(filepath.Join(hubs, "hub1"))),
				os.Chmod(filepath.Join(hubs, "hub2"), 0o700), os.Chmod(filepath.Join(hubs, "hub2", "blocks"), 0o700))
		}, top, store.ErrForeign},
		"another network's": {func(dir string) error {
			return errors.Join(os.RemoveAll(filepath.Join(dir, "hub")), os.CopyFS(filepath.Join(dir, "hub"), os.DirFS(filepath.Join(other, "hub"))))
		}, top, store.ErrForeign},
		"another suite": {nil, python, store.ErrForeign},
		"in use": {func(dir string) error {
			lock, err := store.OS{}.Lock(filepath.Join(dir, "client", "client2", "lock"))
			if err == nil {
				t.Cleanup(func() { lock.Close() })
			}
			return err
		}, top, store.ErrLocked},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			if err := os.CopyFS(dir, os.DirFS(data)); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				if err := c.change(dir); err != nil {
					t.Fatal(err)
				}
			}
			before := contentOf(t, dir)
			err := live(t, Config{Topology: c.top, Data: dir}, func(*testNetwork) { t.Error("it has started") })
			if !errors.Is(err, c.want) {
				t.Errorf("it says %v, want %v", err, c.want)
			}
			if after := contentOf(t, dir); !reflect.DeepEqual(before, after) {
				t.Error("the directory has changed")
			}
		})
	}
}

func edit(name string, change func([]byte)) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	change(text)
	return os.WriteFile(name, text, 0o600)
}

// makeNewer gives the first frame of a log the next version of the format.
func makeNewer(log []byte) {
	const header = 8 + 4 + 8 + 8 + 8 + 8
	binary.BigEndian.PutUint32(log[8:], binary.BigEndian.Uint32(log[8:])+1)
	end := header + int(binary.BigEndian.Uint64(log[12:]))
	binary.BigEndian.PutUint32(log[end:], crc32.Checksum(log[:end], crc32.MakeTable(crc32.Castagnoli)))
}
