package experiment

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dske/sim/virtual/sametest"
)

// long makes the tests run as long as for the figures in the README:
//
//	go test ./sim/experiment -run Theory -v -timeout 1h -args -long
var long = flag.Bool("long", false, "let experiments last much longer")

// parse parses an experiment in a test.
func parse(t *testing.T, text string) *Experiment {
	t.Helper()
	e, err := Load("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// simulate runs an experiment of a test.
func simulate(t *testing.T, text string, o Options) *Result {
	t.Helper()
	result, err := parse(t, text).Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// everything is an experiment with everything that can happen.
const everything = `# Everything at once
topology:
  hubs: [{name: hank}, {name: helen}, {name: hilary}, {name: holly}, {name: hugo}]
  clients: [{name: carol, encryptors: [{name: sam}, {name: sunny}]}, {name: connie, encryptors: [{name: sofia}]}, {name: cindy}]
  sites: {london: [hank, carol], tokyo: [helen, connie]}
  links: [{between: [london, tokyo], latency: 120ms, jitter: 8ms, bandwidth: 2Mbit, loss: 0.01}]
for: 12h
runs: 2
demand:
  - {between: random 4, every: 6m}
  - {between: [sam, sofia], profile: wireguard, fetch_after: 5m}
  - {between: [cindy, sam], every: 2m, arrivals: on-off, on: 30m, off: 90m, size: 512}
outages:
  hubs: {mtbf: 6h, mttr: 30m}
  clients: {mtbf: 8h, mttr: 10m}
  links: {mtbf: 10h, mttr: 5m}
  sites: {mtbf: 20h, mttr: 20m}
  liars: {mtbf: 12h, mttr: 1h}
  crashes: {hubs: {mtbf: 12h}, clients: {mtbf: 12h}}
couriers: {every: 2h, size: 8KiB, delay: 10m, loss: 0.1}
latency: {lognormal: {median: 20ms, sigma: 0.5}}
share_ttl: 1h
vary: {threshold: [2, 3]}
`

// The same seed gives the same files and the same trace, whatever the number and load of the
// processors.
func TestSameSeedSameFiles(t *testing.T) {
	defer sametest.Burn()()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	length := time.Hour
	if *long {
		length = 24 * time.Hour
	}
	var first map[string]string
	for _, processors := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(processors)
		files := outputs(t, length)
		if first == nil {
			first = files
		}
		for name, text := range files {
			if lines := strings.Count(text, "\n"); name == "trace" && lines < 1000 {
				t.Fatalf("the trace has only %d lines", lines)
			}
			if difference := sametest.FirstDifference(first[name], text); difference != "" {
				t.Fatalf("with %d processors %s differs\n%s", processors, name, difference)
			}
		}
	}
}

// outputs returns all files of an experiment, by name.
func outputs(t *testing.T, length time.Duration) map[string]string {
	var trace, table bytes.Buffer
	result := simulate(t, everything, Options{Seed: 7, For: length, Jobs: 2, Trace: &trace})
	dir := t.TempDir()
	if err := result.Write(dir); err != nil {
		t.Fatal(err)
	}
	if err := result.Print(&table); err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"trace": trace.String(), "table": table.String()}
	for _, name := range []string{"runs.csv", "series.csv", "summary.json", "report.html"} {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || len(text) == 0 {
			t.Fatalf("%s: %v", name, err)
		}
		files[name] = string(text)
	}
	return files
}
