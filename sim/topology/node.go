package topology

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// The functions in this file read YAML nodes into Go values. The library's own decoder would do that
// too, but speaks of Go types to people who have written YAML.

// member is a member that a mapping may have.
type member struct {
	name string
	read func(*yaml.Node) error
}

// members reads a mapping, which may have the known members and each of them once. What is how a
// message calls the mapping.
func members(n *yaml.Node, what string, known ...member) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.MappingNode {
		return faultf(line, "%s must be a mapping with %s, but is %s", what, nameAll(known), describe(n))
	}
	seen := make(map[string]bool, len(known))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := target(n.Content[i])
		m := find(known, key)
		if m == nil {
			return faultf(n.Content[i].Line, "%s has no member %.64q: use %s", what, key.Value, nameAll(known))
		}
		if seen[m.name] {
			return faultf(n.Content[i].Line, "%s has member %q twice: remove one", what, m.name)
		}
		seen[m.name] = true
		if err := m.read(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func find(known []member, key *yaml.Node) *member {
	for i := range known {
		if key.Kind == yaml.ScalarNode && key.Value == known[i].name {
			return &known[i]
		}
	}
	return nil
}

func nameAll(known []member) string {
	names := make([]string, len(known))
	for i, m := range known {
		names[i] = m.name
	}
	return strings.Join(names, ", ")
}

// list reads every item of a list. The result is never nil, so that an empty list is not an absent one.
func list[T any](n *yaml.Node, what string, items *[]T, read func(*yaml.Node, *T) error) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.SequenceNode {
		return faultf(line, "%s must be a list, but is %s", what, describe(n))
	}
	*items = make([]T, len(n.Content))
	for i, item := range n.Content {
		if err := read(item, &(*items)[i]); err != nil {
			return err
		}
	}
	return nil
}

// text reads a string. A number is not one, as YAML reads 010 as 8 and 1e3 as 1000.
func text(n *yaml.Node, what string, s *string) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return faultf(line, "%s must be a string, but is %s", what, describe(n))
	}
	if n.ShortTag() != "!!str" {
		return faultf(line, "%s must be a string, but is %s: write %.64q, with quotes", what, describe(n), n.Value)
	}
	*s = n.Value
	return nil
}

// number reads a whole number.
func number(n *yaml.Node, what string, i *int) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" {
		return faultf(line, "%s must be a whole number, but is %s", what, describe(n))
	}
	if err := n.Load(i); err != nil {
		return faultf(line, "%s must be a whole number, but is %.64q", what, n.Value)
	}
	return nil
}

// boolean reads true or false.
func boolean(n *yaml.Node, what string, b *bool) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		return faultf(line, "%s must be true or false, but is %s", what, describe(n))
	}
	if err := n.Load(b); err != nil {
		return faultf(line, "%s must be true or false, but is %.64q", what, n.Value)
	}
	return nil
}

// target returns the node that an alias stands for, or the node itself. Expanding aliases this way
// costs nothing, and they cannot go round in circles, as a topology is only a few levels deep.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// describe says what a node is, in the words of a message.
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	switch n.ShortTag() {
	case "!!null":
		return "empty"
	case "!!str":
		return "a string"
	case "!!int":
		return "a number"
	case "!!float":
		return "a floating-point number"
	case "!!bool":
		return "a boolean"
	case "!!timestamp":
		return "a date"
	default:
		return "a value of another type"
	}
}

// lineOf returns the line of what path leads to from root, or of the last that is there on the way:
// the user may have left out what is wrong. The line of a member is that of its name.
func lineOf(root *yaml.Node, path []any) int {
	line := root.Line
	for _, step := range path {
		at, next := follow(target(root), step)
		if next == nil {
			break
		}
		line, root = at, next
	}
	return line
}

func follow(n *yaml.Node, step any) (line int, next *yaml.Node) {
	if i, ok := step.(int); ok {
		return n.Content[i].Line, n.Content[i]
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if key := n.Content[i]; target(key).Value == step {
			return key.Line, n.Content[i+1]
		}
	}
	return 0, nil
}
