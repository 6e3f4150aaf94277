package experiment

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v4"

	"dske/sim/topology"
	"dske/sim/yamlfile"
)

// The maximum sizes of an experiment.
const (
	maxRuns   = 10_000
	maxPoints = 1000
)

// Load parses an experiment from the text of a file. An error starts with the name of the file and
// the line. Files that it names are relative to its directory.
func Load(name string, data []byte) (*Experiment, error) {
	e, err := load(name, data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return e, nil
}

func load(name string, data []byte) (*Experiment, error) {
	root, err := yamlfile.Parse(data, "say which topology, how long, and what demand")
	if err != nil {
		return nil, err
	}
	if err := include(root, name); err != nil {
		return nil, err
	}
	e := &Experiment{Name: filepath.Base(name), Title: title(data)}
	r := &reader{name: name}
	first, err := r.point(root)
	if err != nil {
		return nil, err
	}
	e.Runs = max(1, r.runs)
	if len(r.vary) == 0 {
		e.Points = []Point{*first}
		return e, nil
	}
	return e, e.sweep(root, r)
}

// title returns the text of the first line, if that is a comment.
func title(data []byte) string {
	line, _, _ := strings.Cut(string(data), "\n")
	text, isComment := strings.CutPrefix(line, "#")
	if !isComment {
		return ""
	}
	return strings.TrimSpace(text)
}

// include replaces the file name of a topology with its content, so that it can be varied.
func include(root *yaml.Node, name string) error {
	if root.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		n := root.Content[i+1]
		if root.Content[i].Value != "topology" || n.Kind != yaml.ScalarNode {
			continue
		}
		var file string
		if err := yamlfile.Text(n, "topology", &file); err != nil {
			return err
		}
		if file == "reference" {
			root.Content[i+1] = reference(n.Line)
			return nil
		}
		other := filepath.Join(filepath.Dir(name), file)
		text, err := os.ReadFile(other)
		if err == nil {
			_, err = topology.Load(other, text)
		}
		if err != nil {
			return yamlfile.Errorf(n.Line, "topology: %w", err)
		}
		included, err := yamlfile.Parse(text, "")
		if err != nil {
			return yamlfile.Errorf(n.Line, "topology: %w", err)
		}
		root.Content[i+1] = moved(included, n.Line)
	}
	return nil
}

// reference returns the reference topology.
func reference(line int) *yaml.Node {
	text, err := yaml.Dump(topology.Reference())
	if err != nil {
		panic(err) // cannot happen: tests parse it
	}
	n, err := yamlfile.Parse(text, "")
	if err != nil {
		panic(err)
	}
	return moved(n, line)
}

// moved sets the line of a node and of everything in it to that of the name of its file.
func moved(n *yaml.Node, line int) *yaml.Node {
	n.Line = line
	for _, child := range n.Content {
		moved(child, line)
	}
	return n
}

// sweep adds the points for all combinations of the varied values.
func (e *Experiment) sweep(root *yaml.Node, r *reader) error {
	points := 1
	for _, v := range r.vary {
		e.Varied = append(e.Varied, v.path)
		if points *= len(v.values); points > maxPoints {
			return yamlfile.Errorf(v.line, "these are more than %d points: vary fewer values", maxPoints)
		}
	}
	for i := range points {
		varied := clone(root)
		var values []string
		for at, rest := 0, points; at < len(r.vary); at++ {
			v := r.vary[at]
			rest /= len(v.values)
			value := v.values[i/rest%len(v.values)]
			values = append(values, shown(value))
			if err := set(varied, v, value); err != nil {
				return err
			}
		}
		p, err := (&reader{name: r.name}).point(varied)
		if err != nil {
			return err
		}
		p.Values = values
		e.Points = append(e.Points, *p)
	}
	return nil
}

// clone returns a deep copy of a node.
func clone(n *yaml.Node) *yaml.Node {
	if n == nil {
		return nil
	}
	c := *n
	c.Content = make([]*yaml.Node, len(n.Content))
	for i, child := range n.Content {
		c.Content[i] = clone(child)
	}
	return &c
}

// shown returns a value approximately as it is written in the file.
func shown(n *yaml.Node) string {
	if n.Kind == yaml.ScalarNode {
		return n.Value
	}
	var parts []string
	for _, child := range n.Content {
		parts = append(parts, shown(child))
	}
	return "{" + strings.Join(parts, " ") + "}"
}
