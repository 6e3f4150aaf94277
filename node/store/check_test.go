package store

import (
	"errors"
	"fmt"
	iofs "io/fs"
	"reflect"
	"strings"
	"testing"
)

func TestCheck(t *testing.T) {
	disk := lived(t, 7)
	client := Identity{Kind: "client", Node: "carol", Suite: "its", Network: "test"}
	carol, err := Open(Config{FS: disk, Dir: "/data/client/carol", Identity: client})
	must(t, err)
	network, err := Open(Config{FS: disk, Dir: "/data/network", Identity: Identity{"network", "", "its", "test"}})
	must(t, err)
	must(t, network.Close())

	before := files(t, disk)
	reports, err := Check(disk, "/data/")
	must(t, err)
	if len(reports) != 3 {
		t.Fatalf("reports are %+v", reports)
	}
	if r := reports[0]; r.Dir != "/data/client/carol" || !errors.Is(r.Err, ErrLocked) {
		t.Errorf("carol, who runs: %+v", r)
	}
	hub := reports[1]
	if hub.Err != nil || hub.Dir != dir || hub.Identity != hank || hub.Shares != 3 || hub.Registrations != 1 || hub.Torn != 0 || hub.Frames != 8 {
		t.Errorf("hank is %+v", hub)
	}
	if len(hub.Blocks) != 2 || hub.Blocks[0].Mark != 1016 || hub.Blocks[0].Acked != 1000 || hub.Blocks[1].Mark != 640 {
		t.Errorf("hank's blocks are %+v", hub.Blocks)
	}
	if r := reports[2]; r.Err != nil || r.Identity.Kind != "network" || r.Log != 1 {
		t.Errorf("the network is %+v", r)
	}
	if after := files(t, disk); !reflect.DeepEqual(before, after) {
		t.Error("something was changed")
	}
	if text := fmt.Sprintf("%+v", reports); strings.Contains(text, "token") {
		t.Errorf("secrets are shown: %s", text)
	}
	must(t, carol.Close())
	if reports, err := Check(disk, "/data/client/carol"); err != nil || len(reports) != 1 || reports[0].Identity != client {
		t.Errorf("carol is %+v, %v", reports, err)
	}
}

func TestCheckUnsound(t *testing.T) {
	disk := lived(t, 7)
	data, err := readFile(disk, logName(dir, 1))
	must(t, err)
	replace(t, disk, logName(dir, 1), data[:len(data)-3])
	if r, err := Check(disk, dir); err != nil || r[0].Err == nil || !strings.Contains(r[0].Err.Error(), id(2).String()) {
		// The record of dropping block 2 was torn, and its file is gone.
		t.Errorf("%+v, %v", r, err)
	}
	data[100] ^= 1
	replace(t, disk, logName(dir, 1), data)
	if r, err := Check(disk, dir); err != nil || !errors.Is(r[0].Err, ErrDamaged) || r[0].Blocks != nil {
		t.Errorf("%+v, %v", r, err)
	}
	must(t, disk.MakeDir("/empty/x/y"))
	for _, d := range []string{"/empty", "/none"} {
		var path *iofs.PathError
		if _, err := Check(disk, d); !errors.As(err, &path) {
			t.Errorf("%s: %v", d, err)
		}
	}
}
