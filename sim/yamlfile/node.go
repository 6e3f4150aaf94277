package yamlfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// Member is a possible member of a mapping.
type Member struct {
	name string
	read func(*yaml.Node) error
}

// Named returns the member with a name, and the function that reads its value.
func Named(name string, read func(*yaml.Node) error) Member { return Member{name, read} }

// Members reads a mapping with known members, each of them at most once. What is the name of the
// mapping in errors.
func Members(n *yaml.Node, what string, known ...Member) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.MappingNode {
		return Errorf(line, "%s must be a mapping with %s, but is %s", what, nameAll(known), describe(n))
	}
	seen := make(map[string]bool, len(known))
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := target(n.Content[i])
		m := find(known, key)
		if m == nil {
			return Errorf(n.Content[i].Line, "%s has no member %.64q: use %s", what, key.Value, nameAll(known))
		}
		if seen[m.name] {
			return Errorf(n.Content[i].Line, "%s has member %q twice: remove one", what, m.name)
		}
		seen[m.name] = true
		if err := m.read(n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

func find(known []Member, key *yaml.Node) *Member {
	for i := range known {
		if key.Kind == yaml.ScalarNode && key.Value == known[i].name {
			return &known[i]
		}
	}
	return nil
}

func nameAll(known []Member) string {
	names := make([]string, len(known))
	for i, m := range known {
		names[i] = m.name
	}
	return strings.Join(names, ", ")
}

// Entries reads a mapping with any members, each of them once, in their order.
func Entries(n *yaml.Node, what string, read func(name string, n *yaml.Node) error) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.MappingNode {
		return Errorf(line, "%s must be a mapping, but is %s", what, describe(n))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		var name string
		if err := Text(n.Content[i], "a name under "+what, &name); err != nil {
			return err
		}
		if seen[name] {
			return Errorf(n.Content[i].Line, "%s has member %.64q twice: remove one", what, name)
		}
		seen[name] = true
		if err := read(name, n.Content[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// IsMapping reports whether a node is a mapping.
func IsMapping(n *yaml.Node) bool { return target(n).Kind == yaml.MappingNode }

// List reads every item of a list. The result is never nil, so an empty list differs from an absent
// one.
func List[T any](n *yaml.Node, what string, items *[]T, read func(*yaml.Node, *T) error) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.SequenceNode {
		return Errorf(line, "%s must be a list, but is %s", what, describe(n))
	}
	*items = make([]T, len(n.Content))
	for i, item := range n.Content {
		if err := read(item, &(*items)[i]); err != nil {
			return err
		}
	}
	return nil
}

// Text reads a string. A number is not a string, since YAML reads 010 as 8 and 1e3 as 1000.
func Text(n *yaml.Node, what string, s *string) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		return Errorf(line, "%s must be a string, but is %s", what, describe(n))
	}
	if n.ShortTag() != "!!str" {
		return Errorf(line, "%s must be a string, but is %s: write %.64q, with quotes", what, describe(n), n.Value)
	}
	*s = n.Value
	return nil
}

// Number reads a whole number.
func Number(n *yaml.Node, what string, i *int) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" {
		return Errorf(line, "%s must be a whole number, but is %s", what, describe(n))
	}
	if err := n.Load(i); err != nil {
		return Errorf(line, "%s must be a whole number, but is %.64q", what, n.Value)
	}
	return nil
}

// Fraction reads a number over 0 and up to a limit, which may have a fractional part.
func Fraction(n *yaml.Node, what string, f *float64, limit float64) error {
	line, n := n.Line, target(n)
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" {
		return Errorf(line, "%s must be a number, but is %s", what, describe(n))
	}
	if err := n.Load(f); err != nil || !(*f > 0 && *f <= limit) {
		return Errorf(line, "%s must be over 0 and up to %v, but is %.64q", what, limit, n.Value)
	}
	return nil
}

// Boolean reads true or false.
func Boolean(n *yaml.Node, what string, b *bool) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" {
		return Errorf(line, "%s must be true or false, but is %s", what, describe(n))
	}
	if err := n.Load(b); err != nil {
		return Errorf(line, "%s must be true or false, but is %.64q", what, n.Value)
	}
	return nil
}

// Duration reads a time over 0, such as 1.5s or 30d.
func Duration(n *yaml.Node, what string, d *time.Duration) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		return Errorf(line, "%s must be a time such as 1.5s, but is %s", what, describe(n))
	}
	read, err := ParseDuration(n.Value)
	if err != nil || read <= 0 {
		return Errorf(line, "%s must be a time over 0 such as 1.5s, but is %.64q", what, n.Value)
	}
	*d = read
	return nil
}

// ParseDuration is [time.ParseDuration] with days of 24 hours, as in 30d or 1d12h.
func ParseDuration(text string) (time.Duration, error) {
	days, rest, found := strings.Cut(text, "d")
	if !found {
		return time.ParseDuration(text)
	}
	hours, err := time.ParseDuration(days + "h")
	if err != nil || hours > math.MaxInt64/24 || hours < 0 {
		return 0, fmt.Errorf("%.64q is not a time such as 30d", text)
	}
	var more time.Duration
	if rest != "" {
		more, err = time.ParseDuration(rest)
	}
	if sum := 24*hours + more; err == nil && more >= 0 && sum >= more {
		return sum, nil
	}
	return 0, fmt.Errorf("%.64q is not a time such as 1d12h", text)
}

// sizes are the units of a size.
var sizes = []struct {
	name  string
	bytes float64
}{{"KiB", 1 << 10}, {"MiB", 1 << 20}, {"GiB", 1 << 30}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"B", 1}}

// Size reads a number of bytes such as 256KiB, over 0 and up to 1 GiB. A number without a unit
// counts bytes.
func Size(n *yaml.Node, what string, bytes *int) error {
	line, n := n.Line, target(n)
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" && n.ShortTag() != "!!int" {
		return Errorf(line, "%s must be a size such as 256KiB, but is %s", what, describe(n))
	}
	size, ok := ParseSize(n.Value)
	if !ok {
		return Errorf(line, "%s must be a size over 0 and up to 1GiB, such as 256KiB, but is %.64q", what, n.Value)
	}
	*bytes = size
	return nil
}

// ParseSize parses the form that [Size] reads.
func ParseSize(text string) (bytes int, ok bool) {
	number, unit := text, 1.0
	for _, u := range sizes {
		if cut, found := strings.CutSuffix(text, u.name); found {
			number, unit = cut, u.bytes
			break
		}
	}
	value, err := strconv.ParseFloat(number, 64)
	size := value * unit
	return int(size), err == nil && size >= 1 && size <= 1<<30
}

// target returns the node that an alias stands for, or the node itself. Resolving aliases this way
// costs nothing, and cannot loop, since a topology has only a few levels.
func target(n *yaml.Node) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		return n.Alias
	}
	return n
}

// describe describes a node, for an error.
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

// LineOf returns the line of the node at path, which consists of member names and list indexes from
// root, or of the last existing node on the way, since the faulty one may be missing. The line of a
// member is that of its name.
func LineOf(root *yaml.Node, path []any) int {
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

// Has reports whether a mapping has a member.
func Has(n *yaml.Node, name string) bool {
	_, member := follow(target(n), name)
	return member != nil
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
