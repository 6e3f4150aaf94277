package experiment

import (
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"dske/sim/yamlfile"
)

// variation is a path into the file, such as outages.hubs.mttr or demand.0.every, and the values to
// use there, one after the other.
type variation struct {
	path   string
	line   int
	values []*yaml.Node
}

func readVary(n *yaml.Node, vary *[]variation) error {
	return yamlfile.Entries(n, "vary", func(path string, n *yaml.Node) error {
		v := variation{path: path, line: n.Line}
		err := yamlfile.List(n, path, &v.values, func(n *yaml.Node, value **yaml.Node) error {
			*value = n
			return nil
		})
		if err == nil && len(v.values) == 0 {
			err = yamlfile.Errorf(n.Line, "%s has no values: list some", path)
		}
		*vary = append(*vary, v)
		return err
	})
}

// set sets the value at the path of v. Missing members on the way are added. The first step may be
// one into the topology.
func set(root *yaml.Node, v variation, value *yaml.Node) error {
	steps := strings.Split(v.path, ".")
	if !slices.Contains(words, steps[0]) && member(root, "topology") != nil {
		steps = slices.Insert(steps, 0, "topology")
	}
	n := root
	for i, step := range steps {
		var next **yaml.Node
		switch n.Kind {
		case yaml.MappingNode:
			next = member(n, step)
			if next == nil {
				added := &yaml.Node{Kind: yaml.MappingNode, Line: v.line}
				n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: step, Line: v.line}, added)
				next = &n.Content[len(n.Content)-1]
			}
		case yaml.SequenceNode:
			index, err := strconv.Atoi(step)
			if err != nil || index < 0 || index >= len(n.Content) {
				return yamlfile.Errorf(v.line, "vary: %s: there is no item %.64q: items count from 0", v.path, step)
			}
			next = &n.Content[index]
		default:
			return yamlfile.Errorf(v.line, "vary: %s: there is nothing under %.64q", v.path, steps[i-1])
		}
		if i == len(steps)-1 {
			*next = clone(value)
		}
		n = *next
	}
	return nil
}

// member returns a pointer to the value of a member, or nil.
func member(n *yaml.Node, name string) **yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return &n.Content[i+1]
		}
	}
	return nil
}
