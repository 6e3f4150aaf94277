package hunt

import (
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var planted = flag.Bool("planted", false, "build the program with bugs, and hunt them")

// patch is a bug: in a file, it replaces one text by another.
type patch struct{ file, was, is string }

// bugs are planted one at a time.
var bugs = map[string][]patch{
	"PSRD is given back after a failed send": {
		{"protocol/channel.go", "	sealed  bool\n", "	sealed  bool\n	keptPad, keptKey []byte\n"},
		{"protocol/channel.go", "if value, err = o.pad.Consume(); err != nil {", "if o.keptPad != nil { value = slices.Clone(o.keptPad) } else if value, err = o.pad.Consume(); err == nil { o.keptPad = slices.Clone(value) }; if err != nil {"},
		{"protocol/channel.go", "	return sign(o.suite, o.key, o.suite.RequestContext(r), r.Body)\n", "	if o.keptKey == nil {\n		key, err := o.key.Consume()\n		if err != nil {\n			return \"\", err\n		}\n		o.keptKey = key\n	}\n	tag := o.suite.ComputeTag(o.keptKey, o.suite.RequestContext(r), r.Body)\n	return signature{o.key.Fragments(), tag[:o.suite.TagSize()]}.String(), nil\n"},
		{"node/client/association/association.go", "	failure  error ", "	back     *Reservation\n	failure  error "},
		{"node/client/association/post.go", "			return err\n		}\n		return incoming.Accept()", "			a.mu.Lock()\n			a.back = r\n			a.mu.Unlock()\n			return err\n		}\n		return incoming.Accept()"},
		{"node/client/association/inband.go", "	r := given\n", "	r := given\n	a.mu.Lock()\n	if a.back != nil && padSize > 0 && a.back.session == a.session {\n		r, a.back = a.back, nil\n	}\n	a.mu.Unlock()\n"},
	},
	"a key is delivered twice": {
		{"node/client/deliver.go", "	if err = c.config.Delivered.add(gathers, len(hubs)); err != nil {", "	if err != nil {"},
		{"node/client/deliver.go", "		g.handing, g.delivered = false, err == nil\n", "		g.handing = false\n"},
	},
	"a hub forgets a share that it has acknowledged": {
		{"node/hub/share.go", "		s.shares[sh.key] = append(s.shares[sh.key], sh.share)\n		s.count(sh.share, 1)\n", "		if sh.key[0] >= 64 {\n			s.shares[sh.key] = append(s.shares[sh.key], sh.share)\n			s.count(sh.share, 1)\n		}\n"},
	},
	"a client does not register again": {
		{"node/client/association/session.go", "	if a.session == s {\n		a.session = nil\n", "	if a.session == s && false {\n		a.session = nil\n"},
	},
}

// The patches still fit the source.
func TestBugsFit(t *testing.T) {
	for name, patches := range bugs {
		for _, p := range patches {
			text, err := os.ReadFile(filepath.Join("../..", p.file))
			if n := strings.Count(string(text), p.was); n != 1 {
				t.Errorf("%s: %s has %d times (%v):\n%s", name, p.file, n, err, p.was)
			}
		}
	}
}

// A hunt finds each bug within 200 seeds, and its scenario fails by itself, in fewer than 8 steps.
// The test builds the program once for each bug, which is too slow for every day:
//
//	go test ./sim/hunt -run Planted -v -args -planted
func TestPlantedBugs(t *testing.T) {
	if !*planted {
		t.Skip("this needs -planted")
	}
	for name, patches := range bugs {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			program := build(t, dir, patches)
			out, err := exec.Command(program, "simulate", "--hunt", "--runs", "200", "--out", dir).CombinedOutput()
			found, _ := filepath.Glob(filepath.Join(dir, "*.txtar"))
			if err == nil || len(found) != 1 {
				t.Fatalf("nothing was found: %v\n%s", err, out)
			}
			t.Logf("%.400s", out)
			text, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			script, _, _ := strings.Cut(string(text), "\n--")
			if steps := strings.Count(script, "'") / 2; steps == 0 || steps >= 8 {
				t.Errorf("%d steps are left\n%s", steps, script)
			}
			if out, err := exec.Command(program, "scenario", found[0]).CombinedOutput(); err == nil {
				t.Errorf("the scenario passes\n%s\n%s", script, out)
			}
			if out, err := exec.Command(build(t, dir, nil), "scenario", found[0]).CombinedOutput(); err != nil {
				t.Errorf("the scenario fails without the bug, too\n%s\n%s", script, out)
			}
		})
	}
}

// build builds the program with patches, and returns its file name.
func build(t *testing.T, dir string, patches []patch) string {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, p := range patches {
		file := filepath.Join(root, p.file)
		from := file
		if before, again := overlay.Replace[file]; again {
			from = before
		}
		text, err := os.ReadFile(from)
		if err != nil || strings.Count(string(text), p.was) != 1 {
			t.Fatalf("%s does not have exactly once (%v):\n%s", p.file, err, p.was)
		}
		patched := filepath.Join(dir, strings.ReplaceAll(p.file, "/", "_"))
		if err := os.WriteFile(patched, []byte(strings.Replace(string(text), p.was, p.is, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[file] = patched
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "dske-"+map[bool]string{true: "sound", false: "planted"}[patches == nil])
	if err := os.WriteFile(file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "build", "-overlay", file, "-o", program, ".")
	command.Dir = root
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}
