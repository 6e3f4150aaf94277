package topology

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"dske/sim/link"
)

const world = `
hubs: [{name: hank}, {name: helen}, {name: hugo}]
clients: [{name: carol, encryptors: [{name: sam}]}, {name: connie}, {name: hugo}]
sites:
  london: [hank, carol]
  tokyo: [helen, connie]
links:
- {between: [hank, connie], latency: 1ms}
- {between: [hank, tokyo], latency: {uniform: {from: 1ms, to: 2ms}}}
- {between: [london, tokyo], latency: {lognormal: {median: 120ms, sigma: 0.5}}, jitter: 8ms, bandwidth: 50Mbit, loss: 0.001}
- {within: london, latency: {normal: {mean: 2ms, sigma: 100us}}, bandwidth: 1.5Gbit, burst: {enter: 0.01, leave: 0.2, loss: 1}}
- {latency: 1d}
`

func TestLinks(t *testing.T) {
	top, err := Load("world.yaml", []byte(world))
	if err != nil {
		t.Fatal(err)
	}
	pair := func(from, to string) [2]string { return [2]string{from, to} }
	lines := top.Lines()
	for _, test := range []struct {
		from, to string
		link     int // number in the file, from 1; 0: none
		line     [2]string
	}{
		{"hub/hank", "client/connie", 1, pair("hub/hank", "client/connie")},
		{"client/connie", "hub/hank", 1, pair("client/connie", "hub/hank")},
		{"hub/hank", "hub/helen", 2, pair("hub/hank", "hub/helen")},
		{"hub/helen", "hub/hank", 2, pair("hub/helen", "hub/hank")},
		{"client/carol", "hub/helen", 3, pair("london", "tokyo")},
		{"hub/helen", "client/carol", 3, pair("tokyo", "london")},
		{"client/connie", "client/carol", 3, pair("tokyo", "london")},
		{"client/carol", "hub/hank", 4, pair("client/carol", "hub/hank")},
		{"sae/sam", "client/carol", 4, pair("sae/sam", "client/carol")},
		{"client/connie", "hub/helen", 5, pair("client/connie", "hub/helen")},
		{"client/carol", "hub/hugo", 5, pair("client/carol", "hub/hugo")},
		{"sae/connie", "client/connie", 0, pair("", "")},
		{"outside", "hub/hank", 0, pair("", "")},
		{"hank", "connie", 0, pair("", "")},
		{"", "", 0, pair("", "")},
	} {
		l, line := lines(test.from, test.to)
		if line != test.line || (l == nil) != (test.link == 0) || l != nil && !reflect.DeepEqual(*l, top.Links[test.link-1].Link) {
			t.Errorf("%s to %s: %+v on %v", test.from, test.to, l, line)
		}
	}
	want := []link.Link{
		{Latency: link.Fixed(time.Millisecond)},
		{Latency: link.Uniform{From: time.Millisecond, To: 2 * time.Millisecond}},
		{Latency: link.Lognormal{Median: 120 * time.Millisecond, Sigma: 0.5}, Jitter: 8 * time.Millisecond, Bandwidth: 50e6, Loss: 0.001},
		{Latency: link.Normal{Mean: 2 * time.Millisecond, Sigma: 100 * time.Microsecond}, Bandwidth: 15e8, Burst: &link.Burst{Enter: 0.01, Leave: 0.2, Loss: 1}},
		{Latency: link.Fixed(24 * time.Hour)},
	}
	for i, l := range top.Links {
		if !reflect.DeepEqual(l.Link, want[i]) {
			t.Errorf("link %d: %+v", i+1, l.Link)
		}
	}
	if Reference().Lines() != nil {
		t.Error("a topology without links has some")
	}
}

// Measured values are in a file beside that of the topology.
func TestMeasuredLatency(t *testing.T) {
	dir := t.TempDir()
	file := three + "clients: [{name: a}]\nlinks:\n- latency: {file: rtt.txt}\n"
	for text, says := range map[string]string{"12.5\n1s\n": "", "1\nx": `7: file rtt.txt:2: "x" is not a time`} {
		if err := os.WriteFile(filepath.Join(dir, "rtt.txt"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		top, err := Load(filepath.Join(dir, "world.yaml"), []byte(file))
		switch {
		case says == "" && (err != nil || !reflect.DeepEqual(top.Links[0].Latency, link.Measured{12500 * time.Microsecond, time.Second})):
			t.Errorf("%v, %v", top, err)
		case says != "" && (err == nil || !strings.Contains(err.Error(), says)):
			t.Errorf("%v", err)
		}
	}
	if _, err := Read([]byte(file)); err == nil || err.Error() != `7: file is "rtt.txt": only a topology that is a file itself can name others` {
		t.Errorf("in a part of a file: %v", err)
	}
	if _, err := Load(filepath.Join(dir, "world.yaml"), []byte(strings.Replace(file, "rtt.txt", ".", 1))); err == nil || !strings.Contains(err.Error(), "is not a file of at most") {
		t.Errorf("a directory: %v", err)
	}
}
