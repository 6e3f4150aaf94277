// Package deploy writes the files that run a topology with existing engines, each node in a process
// of its own. [Write] makes the files and starts nothing.
package deploy

import (
	"bytes"
	"embed"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"go.yaml.in/yaml/v4"

	"dske/sim/certs"
	"dske/sim/secret"
	"dske/sim/topology"
)

// The engines.
const (
	Compose    = "compose"    // containers on one machine, with nginx in front
	Kubernetes = "kubernetes" // a StatefulSet and a Service for each node, and an Ingress
	Nginx      = "nginx"      // processes on this machine behind one port, which nginx distributes by path
	Systemd    = "systemd"    // units on this machine
)

// Engines returns the names of all engines.
func Engines() []string { return []string{Compose, Kubernetes, Nginx, Systemd} }

// Config says what to write.
type Config struct {
	Engine     string
	Topology   *topology.Topology // valid; its links apply in addition to the real network
	Port       int                // port of the front; nodes on this machine get the ports after it
	Prometheus bool               // write a configuration that scrapes all processes
	Grafana    bool               // write a dashboard of the metrics
}

// node is a node in a process of its own.
type node struct {
	Path   string // such as hub/hank
	Slug   string // such as hub-hank
	Listen string // host and port
	Target string // host and port at which others reach the process
	Origin string // URL of the process, without a path
}

// plan has the data for the templates.
type plan struct {
	Config
	Nodes   []node
	Secure  bool       // nodes speak TLS
	Front   certs.Pair // shown by the front to its callers, and
	Proof   certs.Pair // to nodes; below the directory
	Out     string     // absolute
	Files   []file     // certificates that nodes need
	Content map[string]string
}

type file struct{ Key, Path, Base64 string }

//go:embed templates
var templates embed.FS

// outputs lists the files of each engine, as pairs of the template and the file name.
var outputs = map[string][]string{
	Compose:    {"Dockerfile", "compose.yaml", "nginx.conf"},
	Kubernetes: {"Dockerfile", "kubernetes.yaml"},
	Nginx:      {"nginx.conf", "start.sh"},
	Systemd:    {},
}

// Write writes the files into a directory, which it creates if necessary, and returns their names.
// It overwrites nothing: if a file exists, it fails before it writes any. Only the owner can read
// files with secrets.
func Write(out string, c Config) ([]string, error) {
	p, err := newPlan(out, c)
	if err != nil {
		return nil, err
	}
	texts, err := p.render()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.Out, 0o755); err != nil {
		return nil, err
	}
	var names []string
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		mode := os.FileMode(0o644)
		switch {
		case name == "kubernetes.yaml":
			mode = 0o600 // the file has the keys
		case strings.HasSuffix(name, ".sh"):
			mode = 0o755
		}
		f, err := os.OpenFile(filepath.Join(p.Out, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
		if err != nil {
			return names, err
		}
		_, err = f.Write(texts[name])
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			return names, err
		}
		names = append(names, name)
	}
	return names, nil
}

// newPlan assigns addresses to the nodes, and makes the secrets that they share.
func newPlan(out string, c Config) (*plan, error) {
	if !slices.Contains(Engines(), c.Engine) {
		return nil, fmt.Errorf("unknown engine %q: use %s", c.Engine, strings.Join(Engines(), ", "))
	}
	absolute, err := filepath.Abs(out)
	if err != nil {
		return nil, err
	}
	p := &plan{Config: c, Out: absolute, Secure: c.Engine == Compose || c.Engine == Kubernetes}
	if entries, err := os.ReadDir(absolute); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%s is not empty: name a new directory with --out", out)
	}
	t := *c.Topology
	t.Hubs, t.Clients = slices.Clone(t.Hubs), slices.Clone(t.Clients)
	p.Topology = &t
	for i := range t.Hubs {
		if t.Hubs[i].Implementation == "" {
			t.Hubs[i].URL = p.place("hub", t.Hubs[i].Name)
		}
	}
	for i := range t.Clients {
		if !t.Clients[i].External {
			t.Clients[i].URL = p.place("client", t.Clients[i].Name)
		}
	}
	if err := p.checkSlugs(); err != nil {
		return nil, err
	}
	if last := c.Port + len(p.Nodes); c.Port < 1 || last > 1<<16-1 {
		return nil, fmt.Errorf("ports %d to %d are not in 1 to 65535", c.Port, last)
	}
	return p, nil
}

// place adds a node and returns its URL.
func (p *plan) place(kind, name string) string {
	path := kind + "/" + name
	n := node{Path: path, Slug: strings.NewReplacer("/", "-", ".", "-", "_", "-").Replace(path)}
	front := "http://127.0.0.1:" + strconv.Itoa(p.Port)
	if p.Secure {
		n.Listen, n.Target = "0.0.0.0:8100", n.Slug+":8100"
		n.Origin = "https://" + n.Target
		front = n.Origin
	} else {
		n.Target = net.JoinHostPort("127.0.0.1", strconv.Itoa(p.Port+1+len(p.Nodes)))
		n.Listen, n.Origin = n.Target, "http://"+n.Target
		if p.Engine == Systemd {
			front = n.Origin
		}
	}
	p.Nodes = append(p.Nodes, n)
	return front + "/" + path
}

// checkSlugs returns an error if two nodes have the same name for an engine, or if a name is too
// long for a service.
func (p *plan) checkSlugs() error {
	seen := map[string]string{}
	for _, n := range p.Nodes {
		if other := seen[n.Slug]; other != "" {
			return fmt.Errorf("%s and %s would both be called %s: rename one", other, n.Path, n.Slug)
		}
		if len(n.Slug) > 52 && p.Engine == Kubernetes || strings.HasSuffix(n.Slug, "-") {
			return fmt.Errorf("%s cannot be called %s: rename it", n.Path, n.Slug)
		}
		seen[n.Slug] = n.Path
	}
	return nil
}

// render returns the text of every file, by its name.
func (p *plan) render() (map[string][]byte, error) {
	texts := map[string][]byte{}
	text, err := yaml.Dump(p.Topology)
	if err != nil {
		return nil, err
	}
	texts["topology.yaml"] = text
	if err := p.makeSecrets(string(text)); err != nil {
		return nil, err
	}
	names := slices.Clone(outputs[p.Engine])
	if p.Prometheus {
		names = append(names, "prometheus.yml")
	}
	if p.Grafana {
		names = append(names, "grafana.json")
	}
	for _, name := range names {
		if texts[name], err = p.fill(name, p); err != nil {
			return nil, err
		}
	}
	if p.Engine == Systemd {
		return texts, p.units(texts)
	}
	return texts, nil
}

// units adds a unit for each node.
func (p *plan) units(texts map[string][]byte) (err error) {
	for _, n := range p.Nodes {
		if texts["dske-"+n.Slug+".service"], err = p.fill("service", struct {
			*plan
			Node node
		}{p, n}); err != nil {
			return err
		}
	}
	texts["dske.target"], err = p.fill("target", p)
	return err
}

func (p *plan) fill(name string, with any) ([]byte, error) {
	t, err := template.New(name).Delims("<<", ">>").Funcs(template.FuncMap{
		"indent": func(n int, text string) string {
			return strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n"+strings.Repeat(" ", n))
		},
	}).ParseFS(templates, "templates/"+name)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	err = t.ExecuteTemplate(&text, name, with)
	return text.Bytes(), err
}

// makeSecrets makes the secret of the network and, for nodes that speak TLS, the certificates.
func (p *plan) makeSecrets(topology string) error {
	if err := os.MkdirAll(p.Out, 0o755); err != nil {
		return err
	}
	secretFile := filepath.Join(p.Out, "topology.yaml.secret")
	if _, err := secret.Open(secretFile); err != nil {
		return err
	}
	p.Content = map[string]string{"topology": topology}
	if !p.Secure {
		return nil
	}
	below := certs.Directory("certs")
	p.Front, p.Proof = below.Hub(p.Topology.Hubs[0].Name), below.Operator()
	names := certs.Names{Hosts: []string{"front"}}
	for _, n := range p.Nodes {
		names.Hosts = append(names.Hosts, n.Slug)
	}
	for _, h := range p.Topology.Hubs {
		names.Hubs = append(names.Hubs, h.Name)
	}
	for _, c := range p.Topology.Clients {
		names.KMEs = append(names.KMEs, c.Name)
		names.SAEs = append(names.SAEs, c.SAEs()...)
	}
	if err := certs.Directory(filepath.Join(p.Out, "certs")).Write(names); err != nil {
		return err
	}
	return p.readSecrets(secretFile)
}
