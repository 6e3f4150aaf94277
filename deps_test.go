package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// allowed is the law of the house: which packages of ours a package may import. A name that ends in /*
// stands for everything below it, and any for everything. Tests may import what they like.
var allowed = map[string][]string{
	"dske":                         {"dske/sim/command"},
	"dske/etsi":                    {},
	"dske/etsi/conformance":        {"dske/etsi"},
	"dske/etsi/skip":               {"dske/etsi"},
	"dske/node":                    {"dske/protocol", "dske/psrd"},
	"dske/node/client":             {"dske/etsi", "dske/etsi/skip", "dske/node", "dske/node/client/association", "dske/protocol"},
	"dske/node/client/association": {"dske/node", "dske/protocol", "dske/psrd"},
	"dske/node/contract":           {},
	"dske/node/hub":                {"dske/node", "dske/protocol", "dske/protocol/*", "dske/psrd"},
	"dske/protocol":                {"dske/protocol/its", "dske/protocol/shamir", "dske/psrd"},
	"dske/protocol/its":            {"dske/protocol/shamir"},
	"dske/protocol/shamir":         {},
	"dske/psrd":                    {},
	"dske/sim":                     {"dske/node", "dske/node/*", "dske/protocol", "dske/sim/audit", "dske/sim/certs", "dske/sim/fault", "dske/sim/topology"},
	"dske/sim/adversary":           {"dske/protocol", "dske/protocol/*", "dske/psrd"},
	"dske/sim/audit":               {},
	"dske/sim/bench":               {"dske/etsi"},
	"dske/sim/certs":               {},
	"dske/sim/command":             {"any"},
	"dske/sim/dashboard":           {"dske/node", "dske/sim", "dske/sim/*"},
	"dske/sim/docs":                {"dske/node", "dske/node/*", "dske/sim"},
	"dske/sim/exchange":            {"dske/etsi", "dske/node", "dske/protocol", "dske/sim", "dske/sim/ladder"},
	"dske/sim/fault":               {"dske/protocol"},
	"dske/sim/ladder":              {},
	"dske/sim/metrics":             {"dske/node", "dske/protocol", "dske/sim"},
	"dske/sim/scenario":            {"dske/etsi", "dske/node", "dske/node/*", "dske/protocol", "dske/sim", "dske/sim/*"},
	"dske/sim/simtest":             {"dske/sim", "dske/sim/topology"},
	"dske/sim/spelling":            {},
	"dske/sim/topology":            {"dske/etsi/skip", "dske/protocol", "dske/sim/yamlfile"},
	"dske/sim/yamlfile":            {},
}

// forTests is the packages that nothing but tests imports, whatever the table allows.
var forTests = []string{"dske/node/contract", "dske/sim/simtest"}

func TestImports(t *testing.T) {
	packages := listPackages(t)
	for path, imports := range packages {
		rules, known := allowed[path]
		if !known {
			t.Errorf("%s is not in the table of imports", path)
		}
		for _, imported := range imports {
			if strings.HasPrefix(imported, "dske/") && !permits(rules, imported) {
				t.Errorf("%s must not import %s", path, imported)
			}
		}
	}
	for path := range allowed {
		if _, found := packages[path]; !found {
			t.Errorf("%s is in the table of imports and does not exist", path)
		}
	}
}

func permits(rules []string, path string) bool {
	if slices.Contains(forTests, path) {
		return false
	}
	for _, rule := range rules {
		below, isPattern := strings.CutSuffix(rule, "*")
		if rule == "any" || rule == path || isPattern && strings.HasPrefix(path, below) {
			return true
		}
	}
	return false
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

func TestTableRefuses(t *testing.T) {
	for path, imported := range map[string]string{
		"dske/psrd":          "dske/protocol",
		"dske/protocol":      "dske/node",
		"dske/etsi":          "dske/node/client",
		"dske/node/hub":      "dske/node/client",
		"dske/node":          "dske/node/hub",
		"dske/sim":           "dske/psrd",
		"dske/sim/absent":    "dske/psrd",
		"dske/sim/command":   "dske/sim/simtest",
		"dske/sim/dashboard": "dske/sim/simtest",
	} {
		if permits(allowed[path], imported) {
			t.Errorf("the table lets %s import %s", path, imported)
		}
	}
}
