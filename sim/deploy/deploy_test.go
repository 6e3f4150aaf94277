package deploy

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"dske/sim/topology"
)

// write writes all files of an engine, and returns the directory and the names.
func write(t *testing.T, engine string) (dir string, names []string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "out")
	names, err := Write(dir, Config{Engine: engine, Topology: topology.Reference(), Port: 8100, Prometheus: true, Grafana: true})
	if err != nil {
		t.Fatal(err)
	}
	return dir, names
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The topology of every engine can be loaded, and each of its nodes can be the only one in a
// process.
func TestTopologies(t *testing.T) {
	for _, engine := range Engines() {
		dir, names := write(t, engine)
		file := filepath.Join(dir, "topology.yaml")
		for _, name := range topology.Reference().Nodes() {
			top, err := topology.Load(file, read(t, file))
			if err != nil {
				t.Fatal(engine, err)
			}
			if err := top.RunOnly([]string{name}); err != nil || len(top.Elsewhere()) != 9 {
				t.Errorf("%s: only %s: %v", engine, name, err)
			}
			command := "--only " + name
			if slices.Contains(names, "compose.yaml") || slices.Contains(names, "kubernetes.yaml") {
				command = `"--only", "` + name + `"`
			}
			if !bytes.Contains(all(t, dir, names), []byte(command)) {
				t.Errorf("%s: nothing runs %s", engine, name)
			}
		}
		if info, err := os.Stat(file + ".secret"); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the secret: %v, %v", engine, info, err)
		}
		if _, err := Write(dir, Config{Engine: engine, Topology: topology.Reference(), Port: 8100}); err == nil || !strings.Contains(err.Error(), "is not empty") {
			t.Errorf("%s, for the second time: %v", engine, err)
		}
	}
}

func all(t *testing.T, dir string, names []string) []byte {
	t.Helper()
	var text []byte
	for _, name := range names {
		text = append(text, read(t, dir, name)...)
	}
	return text
}

// documents decodes the documents of a YAML file.
func documents(t *testing.T, text []byte) []map[string]any {
	t.Helper()
	var all []map[string]any
	for part := range bytes.SplitSeq(text, []byte("\n---\n")) {
		var d map[string]any
		if err := yaml.Unmarshal(part, &d); err != nil {
			t.Fatalf("%v\n%s", err, part)
		}
		all = append(all, d)
	}
	return all
}

func TestKubernetes(t *testing.T) {
	dir, _ := write(t, Kubernetes)
	text := read(t, dir, "kubernetes.yaml")
	count := map[any]int{}
	for _, d := range documents(t, text) {
		count[d["kind"]]++
		if d["kind"] != "Secret" {
			continue
		}
		data := d["data"].(map[string]any)
		for key := range data {
			if key == "certs.ca.key" || strings.HasPrefix(key, "certs.sae") {
				t.Errorf("nodes get %s", key)
			}
		}
		for _, key := range []string{"secret", "certs.ca.crt", "certs.operator.key", "certs.hub.hank.key", "certs.kme.carol.crt"} {
			if data[key] == nil {
				t.Errorf("nodes do not get %s", key)
			}
		}
	}
	if count["StatefulSet"] != 10 || count["Service"] != 10 || count["Ingress"] != 1 || count["ConfigMap"] != 1 {
		t.Errorf("%v", count)
	}
	if info, err := os.Stat(filepath.Join(dir, "kubernetes.yaml")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file with the secrets: %v, %v", info, err)
	}
}

// A Kubernetes server accepts the manifests: they decode strictly into its own types. Those are in
// a separate module, which must be compiled once.
func TestKubernetesTakesTheManifests(t *testing.T) {
	tool := filepath.Join("..", "..", "testdata", "kubernetes")
	if out, err := exec.Command("go", "-C", tool, "mod", "download").CombinedOutput(); err != nil {
		t.Skipf("the types of Kubernetes are not available: %v: %s", err, out)
	}
	dir, _ := write(t, Kubernetes)
	good := filepath.Join(dir, "kubernetes.yaml")
	out, err := exec.Command("go", "-C", tool, "run", ".", good).CombinedOutput()
	if err != nil || strings.Count(string(out), "\n") != 23 || !strings.Contains(string(out), "apps/v1 StatefulSet client-connie\n") {
		t.Errorf("%v: %s", err, out)
	}
	bad := filepath.Join(dir, "bad.yaml")
	text := bytes.Replace(read(t, good), []byte("periodSeconds: 1"), []byte("periodSecond: 1"), 1)
	if err := os.WriteFile(bad, text, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("go", "-C", tool, "run", ".", bad).CombinedOutput(); err == nil || !strings.Contains(string(out), `unknown field "periodSecond"`) {
		t.Errorf("an unknown field: %v: %s", err, out)
	}
}

func TestCompose(t *testing.T) {
	dir, _ := write(t, Compose)
	services := documents(t, read(t, dir, "compose.yaml"))[0]["services"].(map[string]any)
	if len(services) != 11 {
		t.Errorf("%d services", len(services))
	}
	for name, s := range services {
		for _, volume := range s.(map[string]any)["volumes"].([]any) {
			from, _, _ := strings.Cut(volume.(string), ":")
			if _, err := os.Stat(filepath.Join(dir, from)); strings.HasPrefix(from, ".") && err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

// The dashboard uses only metrics that the README lists.
func TestGrafanaUsesKnownMetrics(t *testing.T) {
	dir, _ := write(t, Systemd)
	text := read(t, dir, "grafana.json")
	if !json.Valid(text) {
		t.Fatal("grafana.json is not JSON")
	}
	readme := read(t, "..", "..", "README.md")
	asked := regexp.MustCompile(`dske_[a-z_]+`).FindAll(text, -1)
	if len(asked) < 10 {
		t.Errorf("it asks for %d metrics", len(asked))
	}
	for _, name := range asked {
		if !bytes.Contains(readme, append([]byte("| `"), append(bytes.TrimSuffix(name, []byte("_bucket")), '`')...)) {
			t.Errorf("there is no metric %s", name)
		}
	}
}

func TestPrometheusTakesTheConfiguration(t *testing.T) {
	for _, engine := range []string{Nginx, Compose} {
		dir, _ := write(t, engine)
		scrape := documents(t, read(t, dir, "prometheus.yml"))[0]["scrape_configs"].([]any)
		if len(scrape) != 1 {
			t.Errorf("%s: %v", engine, scrape)
		}
		promtool, err := exec.LookPath("promtool")
		if err != nil {
			t.Skip("promtool is not installed")
		}
		if out, err := exec.Command(promtool, "check", "config", filepath.Join(dir, "prometheus.yml")).CombinedOutput(); err != nil {
			t.Errorf("%s: %s", engine, out)
		}
	}
}

func TestRefusals(t *testing.T) {
	named := func(hub string) *topology.Topology {
		top := topology.Reference()
		top.Hubs[0].Name = hub
		return top
	}
	for _, test := range []struct {
		config Config
		says   string
	}{
		{Config{Engine: "lxc", Topology: named("hank"), Port: 8100}, `unknown engine "lxc"`},
		{Config{Engine: Nginx, Topology: named("hank"), Port: 65530}, "are not in 1 to 65535"},
		{Config{Engine: Nginx, Topology: named("hank")}, "are not in 1 to 65535"},
		{Config{Engine: Compose, Topology: named("he.len"), Port: 8100}, ""},
		{Config{Engine: Compose, Topology: func() *topology.Topology { t := named("a.b"); t.Hubs[1].Name = "a_b"; return t }(), Port: 8100}, "would both be called hub-a-b"},
		{Config{Engine: Kubernetes, Topology: named(strings.Repeat("a", 60)), Port: 8100}, "rename it"},
		{Config{Engine: Kubernetes, Topology: named("a_"), Port: 8100}, "rename it"},
	} {
		_, err := Write(filepath.Join(t.TempDir(), "out"), test.config)
		if (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v", test.says, err)
		}
	}
}
