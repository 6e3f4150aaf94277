package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// report has the parts of the report of a bench that the tests check.
type report struct {
	Rate      float64            `json:"key_pairs_per_second"`
	Floor     float64            `json:"floor_pairs_per_second"`
	Ratio     float64            `json:"floor_ratio"`
	Failures  *int               `json:"failures"`
	PSRD      float64            `json:"psrd_bytes_per_key"`
	Memory    float64            `json:"peak_memory_bytes"`
	PairMS    map[string]float64 `json:"pair_ms"`
	Size      int                `json:"size_bits"`
	Transport string             `json:"transport"`
}

// bench runs a short bench and returns its report.
func bench(t *testing.T, args ...string) report {
	t.Helper()
	stdout, stderr, status := dske(t, append([]string{"bench", "--duration", "200ms", "--json"}, args...)...)
	var r report
	if err := json.Unmarshal([]byte(stdout), &r); err != nil || status != 0 {
		t.Fatalf("status %d, %v: %s%s", status, err, stdout, stderr)
	}
	if r.Rate <= 0 || r.Floor <= 0 || r.Ratio <= 0 || r.Failures == nil || *r.Failures != 0 ||
		r.PairMS["p50"] <= 0 || r.PairMS["p95"] < r.PairMS["p50"] || r.PairMS["p99"] < r.PairMS["p95"] {
		t.Errorf("dske bench %s: %s", strings.Join(args, " "), stdout)
	}
	return r
}

func TestBench(t *testing.T) {
	for _, args := range [][]string{
		{"--hubs", "3", "--clients", "3"},
		{"--hubs", "4", "--clients", "4", "--hubs-per-client", "3", "--psrd", "lazy", "--block-size", "1024", "--transport", "memory"},
		{"--suite", "its", "--number", "3", "--concurrency", "2", "--size", "131072", "--transport", "memory"},
	} {
		if r := bench(t, args...); r.PSRD <= 0 || r.Memory <= 0 {
			t.Errorf("dske bench %s: %+v", strings.Join(args, " "), r)
		}
	}
	table, stderr, status := dske(t, "bench", "--duration", "100ms", "--transport", "memory", "sim/topology/reference.yaml")
	if status != 0 || !strings.Contains(table, "key pairs / floor") || !strings.Contains(table, "1440.0 bytes") {
		t.Errorf("status %d: %s%s", status, table, stderr)
	}
}

func TestBenchElsewhere(t *testing.T) {
	n := run(t)
	r := bench(t, "--master-url", n.url+"/client/carol/etsi", "--slave-url", n.url+"/client/connie/etsi/",
		"--master-sae", "sam", "--slave-sae", "sofia", "--size", "128")
	if r.Size != 128 || r.Transport != "" || r.PSRD != 0 {
		t.Errorf("%+v", r)
	}
}

func TestPlan(t *testing.T) {
	stdout, stderr, status := dske(t, "run", "--plan", "--hubs", "16", "--clients", "10000", "--hubs-per-client", "3")
	for _, want := range []string{"30000, of 10000 clients with 16 hubs", "4 pools of 2048 bytes at each end", "25 keys of 256 bits", "takes 864 bytes"} {
		if status != 0 || !strings.Contains(stdout, want) {
			t.Errorf("status %d, no %q in %s%s", status, want, stdout, stderr)
		}
	}
	if stdout, _, _ := dske(t, "run", "--plan", "--psrd", "lazy"); !strings.Contains(stdout, "0.0 MB at the start, 3.3 MB when all is in use") {
		t.Error(stdout)
	}
}
