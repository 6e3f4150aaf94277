package topology

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v4"

	"dske/protocol"
)

// Load reads a topology from the YAML text of a file, fills in the defaults and validates it. The name
// of the file is only for messages: an error reads "name:line: what is wrong, and what to do". The text
// is UTF-8 and at most 16 MiB. Members that the format does not have, or that come twice, are errors,
// and so is a second document.
func Load(name string, data []byte) (*Topology, error) {
	t, err := load(data)
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return t, nil
}

func load(data []byte) (*Topology, error) {
	root, err := parse(data)
	if err != nil {
		return nil, err
	}
	t, err := read(root)
	if err != nil {
		return nil, err
	}
	if f := t.flaw(); f != nil {
		return nil, faultf(lineOf(root, f.path), "%s", f.text)
	}
	t.sortClientHubs()
	return t, nil
}

func read(root *yaml.Node) (*Topology, error) {
	t := &Topology{PSRD: defaultPSRD, Suite: protocol.Suites[0].Name(), KeySource: KeysFromRNG}
	givenThreshold := false
	err := members(root, "the topology",
		member{"threshold", func(n *yaml.Node) error {
			givenThreshold = true // also if it is 0, which is not the default but a mistake
			return number(n, "threshold", &t.Threshold)
		}},
		member{"hubs", func(n *yaml.Node) error { return list(n, "hubs", &t.Hubs, readHub) }},
		member{"clients", func(n *yaml.Node) error { return list(n, "clients", &t.Clients, readClient) }},
		member{"suite", func(n *yaml.Node) error { return text(n, "suite", &t.Suite) }},
		member{"key_source", func(n *yaml.Node) error { return text(n, "key_source", &t.KeySource) }},
		member{"psrd", func(n *yaml.Node) error { return readPSRD(n, &t.PSRD) }},
	)
	if err != nil {
		return nil, err
	}
	if !givenThreshold {
		t.Threshold = defaultThreshold(len(t.Hubs))
	}
	t.defaultClientHubs()
	return t, nil
}

func readHub(n *yaml.Node, hub *Hub) error {
	return members(n, "a hub", name(&hub.Name))
}

func readClient(n *yaml.Node, client *Client) error {
	client.Encryptors = []Encryptor{} // so that JSON has a list in any case
	return members(n, "a client",
		name(&client.Name),
		member{"encryptors", func(n *yaml.Node) error {
			return list(n, "encryptors", &client.Encryptors, readEncryptor)
		}},
		member{"hubs", func(n *yaml.Node) error {
			return list(n, "the hubs of a client", &client.Hubs, readHubName)
		}},
	)
}

func readEncryptor(n *yaml.Node, encryptor *Encryptor) error {
	return members(n, "an encryptor", name(&encryptor.Name))
}

func readHubName(n *yaml.Node, hub *string) error { return text(n, "the name of a hub", hub) }

func readPSRD(n *yaml.Node, psrd *PSRD) error {
	size := func(name string, bytes *int) member {
		return member{name, func(n *yaml.Node) error { return number(n, name, bytes) }}
	}
	return members(n, "psrd",
		size("block_size", &psrd.BlockSize),
		size("low_water", &psrd.LowWater),
		size("high_water", &psrd.HighWater),
		member{"lazy", func(n *yaml.Node) error { return boolean(n, "lazy", &psrd.Lazy) }},
	)
}

func name(s *string) member {
	return member{"name", func(n *yaml.Node) error { return text(n, "name", s) }}
}

// defaultClientHubs gives all hubs to the clients that list none. They share one slice: with one each, a
// small file of many hubs and clients would fill the memory before anyone notices that it is wrong.
func (t *Topology) defaultClientHubs() {
	all := t.hubNames()
	for i := range t.Clients {
		if t.Clients[i].Hubs == nil {
			t.Clients[i].Hubs = all
		}
	}
}

// sortClientHubs puts the hubs of a valid topology's clients into the order of the topology.
func (t *Topology) sortClientHubs() {
	position := make(map[string]int, len(t.Hubs))
	for i, hub := range t.Hubs {
		position[hub.Name] = i
	}
	byPosition := func(a, b string) int { return position[a] - position[b] }
	for _, client := range t.Clients {
		slices.SortFunc(client.Hubs, byPosition)
	}
}
