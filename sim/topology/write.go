package topology

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"dske/sim/link"
)

// [Load] reads what the methods here write. YAML and JSON are the same, except for the order of the
// sites, which JSON sorts.

// MarshalYAML returns the mapping that [Load] reads.
func (s Sites) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, site := range s {
		nodes := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
		for _, name := range site.Nodes {
			nodes.Content = append(nodes.Content, text(name))
		}
		n.Content = append(n.Content, text(site.Name), nodes)
	}
	return n, nil
}

func text(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s} }

// MarshalJSON is MarshalYAML for JSON. It keeps the order of the sites.
func (s Sites) MarshalJSON() ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte('{')
	for i, site := range s {
		if i > 0 {
			out.WriteByte(',')
		}
		name, err := json.Marshal(site.Name)
		if err != nil {
			return nil, err
		}
		nodes, err := json.Marshal(append([]string{}, site.Nodes...))
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&out, "%s:%s", name, nodes)
	}
	out.WriteByte('}')
	return out.Bytes(), nil
}

// linkFile is the form of a link in files.
type linkFile struct {
	Between   []string   `json:"between,omitempty" yaml:"between,omitempty,flow"`
	Within    string     `json:"within,omitempty" yaml:"within,omitempty"`
	Latency   any        `json:"latency,omitempty" yaml:"latency,omitempty"`
	Jitter    string     `json:"jitter,omitempty" yaml:"jitter,omitempty"`
	Bandwidth string     `json:"bandwidth,omitempty" yaml:"bandwidth,omitempty"`
	Loss      float64    `json:"loss,omitempty" yaml:"loss,omitempty"`
	Burst     *burstFile `json:"burst,omitempty" yaml:"burst,omitempty"`
}

type burstFile struct {
	Enter float64 `json:"enter" yaml:"enter"`
	Leave float64 `json:"leave" yaml:"leave"`
	Loss  float64 `json:"loss" yaml:"loss"`
}

func (l Link) file() any {
	f := linkFile{Between: l.Between, Within: l.Within, Latency: latencyFile(l.Latency), Loss: l.Loss}
	if l.Jitter > 0 {
		f.Jitter = l.Jitter.String()
	}
	if l.Bandwidth > 0 {
		f.Bandwidth = fmt.Sprintf("%dbit", l.Bandwidth)
	}
	if b := l.Burst; b != nil {
		f.Burst = &burstFile{b.Enter, b.Leave, b.Loss}
	}
	return f
}

// MarshalJSON implements [json.Marshaler].
func (l Link) MarshalJSON() ([]byte, error) { return json.Marshal(l.file()) }

// MarshalYAML returns the form that [Load] reads.
func (l Link) MarshalYAML() (any, error) { return l.file(), nil }

// latencyFile returns the form of a latency in files. Measured values are included, since the file
// that they were read from may be elsewhere.
func latencyFile(l link.Latency) any {
	type mapping map[string]any
	switch d := l.(type) {
	case link.Fixed:
		return time.Duration(d).String()
	case link.Uniform:
		return mapping{"uniform": mapping{"from": d.From.String(), "to": d.To.String()}}
	case link.Normal:
		return mapping{"normal": mapping{"mean": d.Mean.String(), "sigma": d.Sigma.String()}}
	case link.Lognormal:
		return mapping{"lognormal": mapping{"median": d.Median.String(), "sigma": d.Sigma}}
	case link.Measured:
		values := make([]string, len(d))
		for i, v := range d {
			values[i] = v.String()
		}
		return mapping{"measured": values}
	default:
		return nil
	}
}

// YAML returns the text of a file that [Load] reads.
func (t *Topology) YAML() ([]byte, error) { return yaml.Dump(t) }
