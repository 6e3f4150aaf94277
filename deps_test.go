package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// floors lists the packages from the top layer down, each with exactly those packages of this
// module that it imports. All of them stand below it. Tests may import anything.
var floors = []struct {
	path    string
	imports []string
}{
	{"dske", []string{"dske/sim/command"}},
	{"dske/sim/command", anything},
	{"dske/sim/scenario", []string{"dske/etsi", "dske/etsi/junit", "dske/node", "dske/node/client", "dske/node/hub", "dske/protocol",
		"dske/sim", "dske/sim/adversary", "dske/sim/fault", "dske/sim/hunt", "dske/sim/spelling", "dske/sim/topology", "dske/sim/virtual", "dske/sim/wire",
		"dske/sim/yamlfile"}},
	{"dske/sim/hunt", []string{"dske/etsi", "dske/node", "dske/protocol", "dske/sim", "dske/sim/fault", "dske/sim/link", "dske/sim/topology", "dske/sim/virtual"}},
	{"dske/sim/experiment", []string{"dske/etsi", "dske/sim", "dske/sim/link", "dske/sim/topology", "dske/sim/virtual", "dske/sim/yamlfile"}},
	{"dske/sim/dashboard", []string{"dske/node", "dske/sim", "dske/sim/attack", "dske/sim/exchange", "dske/sim/fault", "dske/sim/ladder", "dske/sim/topology", "dske/sim/wire"}},
	{"dske/sim/docs", []string{"dske/node", "dske/node/client", "dske/node/hub", "dske/sim"}},
	{"dske/sim/metrics", []string{"dske/node", "dske/protocol", "dske/sim"}},
	{"dske/sim/bench", []string{"dske/etsi", "dske/sim/wire"}},
	{"dske/sim/attack", []string{"dske/etsi", "dske/node", "dske/protocol", "dske/sim", "dske/sim/adversary", "dske/sim/exchange", "dske/sim/topology"}},
	{"dske/sim/exchange", []string{"dske/etsi", "dske/node", "dske/protocol", "dske/sim", "dske/sim/ladder", "dske/sim/wire"}},
	{"dske/sim/ladder", []string{"dske/sim/wire"}},
	{"dske/sim/simtest", []string{"dske/sim", "dske/sim/topology"}},
	{"dske/sim", []string{"dske/etsi", "dske/etsi/skip", "dske/etsi/stream", "dske/node", "dske/node/client", "dske/node/hub", "dske/node/parcel", "dske/node/store",
		"dske/protocol", "dske/sim/adversary", "dske/sim/audit", "dske/sim/certs", "dske/sim/fault", "dske/sim/texts", "dske/sim/topology", "dske/sim/wire"}},
	{"dske/sim/adversary", []string{"dske/protocol", "dske/protocol/its", "dske/psrd", "dske/sim/wire"}},
	{"dske/sim/wire", []string{"dske/node", "dske/protocol", "dske/sim/fault", "dske/sim/link"}},
	{"dske/sim/simtest/ports", nil},
	{"dske/sim/virtual/sametest", nil},
	{"dske/sim/virtual", nil},
	{"dske/sim/audit", nil},
	{"dske/sim/deploy", []string{"dske/sim/certs", "dske/sim/secret", "dske/sim/topology"}},
	{"dske/sim/certs", nil},
	{"dske/sim/secret", nil},
	{"dske/sim/fault", []string{"dske/etsi", "dske/protocol"}},
	{"dske/sim/topology", []string{"dske/etsi/skip", "dske/node/parcel", "dske/protocol", "dske/sim/link", "dske/sim/texts", "dske/sim/yamlfile"}},
	{"dske/sim/link", nil},
	{"dske/sim/yamlfile", nil},
	{"dske/sim/spelling", nil},
	{"dske/sim/texts", nil},
	{"dske/node/conformance", []string{"dske/etsi", "dske/etsi/report", "dske/node", "dske/protocol", "dske/psrd"}},
	{"dske/node/client", []string{"dske/etsi", "dske/etsi/skip", "dske/node", "dske/node/client/association", "dske/node/parcel", "dske/node/store", "dske/protocol"}},
	{"dske/node/client/association", []string{"dske/node", "dske/node/parcel", "dske/node/store", "dske/protocol", "dske/psrd"}},
	{"dske/node/hub", []string{"dske/node", "dske/node/parcel", "dske/node/store", "dske/protocol", "dske/psrd"}},
	{"dske/node/store", []string{"dske/psrd"}},
	{"dske/node/parcel", []string{"dske/protocol", "dske/psrd"}},
	{"dske/node/contract", nil},
	{"dske/node", []string{"dske/protocol", "dske/psrd"}},
	{"dske/protocol", []string{"dske/protocol/its", "dske/protocol/shamir", "dske/psrd"}},
	{"dske/protocol/its", nil},
	{"dske/protocol/shamir", nil},
	{"dske/etsi/conformance", []string{"dske/etsi", "dske/etsi/report", "dske/etsi/stream"}},
	{"dske/etsi/report", []string{"dske/etsi/junit"}},
	{"dske/etsi/skip", []string{"dske/etsi"}},
	{"dske/etsi/stream", []string{"dske/etsi"}},
	{"dske/etsi/junit", nil},
	{"dske/etsi", nil},
	{"dske/psrd", nil},
}

// anything is for the command line, which puts everything together.
var anything = []string{"anything"}

// forTests lists the packages that only tests import.
var forTests = []string{"dske/node/contract", "dske/sim/simtest", "dske/sim/simtest/ports", "dske/sim/virtual/sametest"}

func TestImports(t *testing.T) {
	for _, flaw := range flaws(listPackages(t)) {
		t.Error(flaw)
	}
}

// flaws returns the differences between the imports of the packages and the table.
func flaws(packages map[string][]string) (flaws []string) {
	flawf := func(format string, args ...any) { flaws = append(flaws, fmt.Sprintf(format, args...)) }
	for i, floor := range floors {
		imports, exists := packages[floor.path]
		if !exists {
			flawf("%s is in the table but does not exist", floor.path)
		}
		for _, path := range imports {
			switch {
			case path != "dske" && !strings.HasPrefix(path, "dske/"):
			case !slices.Equal(floor.imports, anything) && !slices.Contains(floor.imports, path):
				flawf("%s must not import %s", floor.path, path)
			case slices.Contains(forTests, path):
				flawf("%s imports %s, which is for tests", floor.path, path)
			case floorOf(path) <= i:
				flawf("%s imports %s, which stands above it", floor.path, path)
			}
		}
		for _, path := range floor.imports {
			if path != anything[0] && !slices.Contains(imports, path) {
				flawf("%s may import %s but does not", floor.path, path)
			}
		}
	}
	for path := range packages {
		if floorOf(path) < 0 {
			flawf("%s is not in the table", path)
		}
	}
	return flaws
}

// floorOf returns the place of a package in the table, counted from the top, or -1.
func floorOf(path string) int {
	for i, floor := range floors {
		if floor.path == path {
			return i
		}
	}
	return -1
}

// listPackages returns the imports of every package of the module.
func listPackages(t *testing.T) map[string][]string {
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	packages := map[string][]string{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p struct {
			ImportPath string
			Imports    []string
		}
		switch err := decoder.Decode(&p); {
		case errors.Is(err, io.EOF):
			return packages
		case err != nil:
			t.Fatal(err)
		}
		packages[p.ImportPath] = p.Imports
	}
}

// Each change breaks one rule of the table.
func TestTableRefuses(t *testing.T) {
	all := listPackages(t)
	for path, change := range map[string]struct{ imported, says string }{
		"dske/psrd":          {"dske/protocol", "must not import"},
		"dske/node/hub":      {"dske/node/client", "must not import"},
		"dske/sim":           {"dske/psrd", "must not import"},
		"dske/sim/wire":      {"dske/sim", "must not import"},
		"dske/sim/command":   {"dske/sim/simtest", "is for tests"},
		"dske/sim/absent":    {"dske/psrd", "is not in the table"},
		"dske/sim/dashboard": {"dske/sim/scenario", "must not import"},
	} {
		packages := maps.Clone(all)
		packages[path] = append(slices.Clone(packages[path]), change.imported)
		if got := flaws(packages); len(got) != 1 || !strings.Contains(got[0], change.says) {
			t.Errorf("%s imports %s: %q", path, change.imported, got)
		}
	}
	all["dske/sim/command"] = append(all["dske/sim/command"], "dske")
	delete(all, "dske/psrd")
	all["dske/etsi/stream"] = nil
	want := []string{
		"dske/sim/command imports dske, which stands above it",
		"dske/etsi/stream may import dske/etsi but does not",
		"dske/psrd is in the table but does not exist",
	}
	if got := flaws(all); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}
