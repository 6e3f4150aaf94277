package fault

import (
	"errors"
	"fmt"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Spec is the text form of a fault: its effect, and the messages that it matches.
type Spec struct {
	Kind  string
	Value string // follows the kind, such as 20ms
	Where string // tamper: body, query or signature

	From   []string // patterns of nodes; none: all
	To     []string
	Method string  // none: all
	Path   string  // a part of the path; none: all
	Count  int     // how often it fires at most; 0: no limit
	After  int     // number of matching messages that it lets pass first
	Prob   float64 // probability that it fires at a matching message; default 1
}

// methods lists the methods that nodes and encryptors use.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete}

// Parse parses a fault: the kind, then options.
func Parse(text string) (Spec, error) {
	words := strings.Fields(text)
	if len(words) == 0 {
		return Spec{}, fmt.Errorf("the kind of fault is missing; there are %s", kindNames())
	}
	s := Spec{Prob: 1}
	s.Kind, s.Value, _ = strings.Cut(words[0], "=")
	seen := map[string]bool{}
	for _, word := range words[1:] {
		name, value, _ := strings.Cut(word, "=")
		if seen[name] {
			return Spec{}, fmt.Errorf("%s is there twice: remove one, or put a comma between nodes", name)
		}
		seen[name] = true
		if err := s.option(name, value); err != nil {
			return Spec{}, err
		}
	}
	if k := kindOf(s.Kind); k != nil && s.Where == "" {
		s.Where = k.where
	}
	_, err := s.build()
	return s, err
}

// option parses an option.
func (s *Spec) option(name, value string) (err error) {
	if value == "" {
		return fmt.Errorf("%q has no value: write NAME=VALUE", name)
	}
	switch name {
	case "from":
		s.From, err = patterns(value)
	case "to":
		s.To, err = patterns(value)
	case "method":
		s.Method = strings.ToUpper(value)
		err = oneOf(s.Method, methods...)
	case "path":
		s.Path = value
	case "where":
		s.Where = value
	case "count":
		s.Count, err = positive(value)
	case "after":
		s.After, err = positive(value)
	case "prob":
		s.Prob, err = probability(value)
	default:
		return fmt.Errorf("there is no option %q; there are from, to, method, path, where, count, after and prob", name)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// build makes the fault, and so finds the errors in the spec.
func (s Spec) build() (built, error) {
	k := kindOf(s.Kind)
	switch {
	case k == nil:
		return built{}, fmt.Errorf("there is no fault %q; there are %s", s.Kind, kindNames())
	case s.Where != "" && k.where == "":
		return built{}, errors.New("where goes with tamper")
	}
	b, err := k.build(s)
	if err != nil {
		return built{}, fmt.Errorf("%s: %w", s.Kind, err)
	}
	return b, nil
}

func patterns(value string) ([]string, error) {
	list := strings.Split(value, ",")
	for _, p := range list {
		if _, err := path.Match(p, ""); err != nil || p == "" {
			return nil, fmt.Errorf("%q is not a pattern of nodes", p)
		}
	}
	return list, nil
}

func positive(value string) (int, error) {
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 {
		return 0, fmt.Errorf("%q is not a positive number", value)
	}
	return n, nil
}

func probability(value string) (float64, error) {
	p, err := strconv.ParseFloat(value, 64)
	if err != nil || !(p > 0 && p <= 1) {
		return 0, fmt.Errorf("%q is not over 0 and up to 1", value)
	}
	return p, nil
}

// String returns the form that Parse accepts.
func (s Spec) String() string {
	words := []string{s.Kind}
	if s.Value != "" {
		words[0] += "=" + s.Value
	}
	add := func(name, value string) {
		if value != "" {
			words = append(words, name+"="+value)
		}
	}
	add("where", s.Where)
	add("from", strings.Join(s.From, ","))
	add("to", strings.Join(s.To, ","))
	add("method", s.Method)
	add("path", s.Path)
	if s.After > 0 {
		add("after", strconv.Itoa(s.After))
	}
	if s.Count > 0 {
		add("count", strconv.Itoa(s.Count))
	}
	if s.Prob != 1 {
		add("prob", strconv.FormatFloat(s.Prob, 'g', -1, 64))
	}
	return strings.Join(words, " ")
}

// matches reports whether the options of the spec, but for those of nodes, match a message.
func (s Spec) matches(r *Request) bool {
	return (s.Method == "" || s.Method == r.Method) && strings.Contains(r.Path, s.Path)
}

// isBetween reports whether the patterns of nodes of the spec match a sender and a receiver.
func (s Spec) isBetween(p pair) bool {
	return (s.From == nil || named(s.From, p.from)) && (s.To == nil || named(s.To, p.to))
}

// Patterns returns the patterns of nodes in the fault, so that misspelt ones can be found.
func (s Spec) Patterns() []string {
	b, _ := s.build() // an invalid spec has only its own
	return slices.Concat(s.From, s.To, b.patterns)
}

// Matches reports whether a pattern matches a node: hub/hank, hank, hub/h* or */hank.
func Matches(pattern, node string) bool {
	_, name, _ := strings.Cut(node, "/")
	if isName(pattern) {
		return pattern == node || pattern == name
	}
	full, _ := path.Match(pattern, node)
	short, _ := path.Match(pattern, name)
	return full || short
}

func named(list []string, node string) bool {
	return slices.ContainsFunc(list, func(pattern string) bool { return Matches(pattern, node) })
}

// isName reports whether a pattern stands for nothing but itself. Every message is compared with
// all patterns, and [strings.ContainsAny] would take twice as long.
func isName(pattern string) bool {
	for i := range len(pattern) {
		switch pattern[i] {
		case '*', '?', '[', '\\':
			return false
		}
	}
	return true
}
