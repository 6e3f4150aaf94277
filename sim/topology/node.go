package topology

import (
	"go.yaml.in/yaml/v4"

	"dske/sim/link"
	"dske/sim/yamlfile"
)

// FromNode reads a topology that is part of another file with the given name: in the form that
// [Load] reads, or a short form that generates one, with numbers in place of hubs and clients:
//
//	{hubs: 5, clients: 20, threshold: 3, hubs_per_client: 5}
//
// It may also have psrd, suite, sites and links. An error starts with the line.
func FromNode(name string, n *yaml.Node) (*Topology, error) {
	if !isShort(n) {
		return fromRoot(n, beside(name))
	}
	var sizes Sizes
	rest := &yaml.Node{Kind: yaml.MappingNode, Line: n.Line}
	err := yamlfile.Entries(n, "the topology", func(name string, value *yaml.Node) error {
		number := map[string]*int{"hubs": &sizes.Hubs, "clients": &sizes.Clients, "threshold": &sizes.Threshold, "hubs_per_client": &sizes.HubsPerClient}[name]
		if number != nil {
			return yamlfile.Number(value, name, number)
		}
		rest.Content = append(rest.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: name, Line: value.Line}, value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	t, err := Generate(sizes)
	if err != nil {
		return nil, yamlfile.Errorf(n.Line, "%w", err)
	}
	if err := yamlfile.Members(rest, "a topology in short", t.members(beside(name))...); err != nil {
		return nil, err
	}
	if f := t.flaw(); f != nil {
		return nil, yamlfile.Errorf(yamlfile.LineOf(n, f.path), "%s", f.text)
	}
	return t, nil
}

// isShort reports whether a topology has numbers in place of lists.
func isShort(n *yaml.Node) bool {
	if n.Kind != yaml.MappingNode {
		return false
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if name := n.Content[i].Value; (name == "hubs" || name == "clients") && n.Content[i+1].Kind == yaml.ScalarNode {
			return true
		}
	}
	return false
}

// ReadLatency reads a latency in the form of a topology's links, from a file with the given name.
func ReadLatency(name string, n *yaml.Node) (latency link.Latency, err error) {
	err = readLatency(n, beside(name), &latency)
	return latency, err
}
