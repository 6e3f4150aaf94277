package topology

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.yaml.in/yaml/v4"

	"dske/protocol"
	"dske/sim/yamlfile"
)

// Load parses a topology from the YAML text of a file, fills in the defaults and validates it. The
// name of the file is only for messages: an error reads "name:line: what is wrong, and what to do".
// The text is UTF-8 and at most 16 MiB. Unknown or repeated members are errors, and so is a second
// document. Files that it names are relative to its directory.
func Load(name string, data []byte) (*Topology, error) {
	t, err := load(data, beside(name))
	if err != nil {
		return nil, fmt.Errorf("%s:%w", name, err)
	}
	return t, nil
}

// Read is [Load] for a text that is a part of a file: an error reads "line: what is wrong, and what
// to do". It cannot name other files.
func Read(data []byte) (*Topology, error) { return load(data, nil) }

// files reads a file that a topology names; nil: the topology may not name files.
type files func(name string) ([]byte, error)

// beside reads files from the directory of another one.
func beside(other string) files {
	return func(name string) ([]byte, error) {
		if !filepath.IsAbs(name) {
			name = filepath.Join(filepath.Dir(other), name)
		}
		info, err := os.Stat(name)
		switch {
		case err != nil:
			return nil, err
		case !info.Mode().IsRegular() || info.Size() > yamlfile.MaxSize:
			return nil, fmt.Errorf("%s is not a file of at most %d bytes", name, yamlfile.MaxSize)
		}
		return os.ReadFile(name)
	}
}

func load(data []byte, files files) (*Topology, error) {
	root, err := yamlfile.Parse(data, "list hubs and clients")
	if err != nil {
		return nil, err
	}
	return fromRoot(root, files)
}

func fromRoot(root *yaml.Node, files files) (*Topology, error) {
	t, err := read(root, files)
	if err != nil {
		return nil, err
	}
	if f := t.flaw(); f != nil {
		return nil, yamlfile.Errorf(yamlfile.LineOf(root, f.path), "%s", f.text)
	}
	t.sortClientHubs()
	t.settle()
	return t, nil
}

func read(root *yaml.Node, files files) (*Topology, error) {
	t := &Topology{PSRD: defaultPSRD, Suite: protocol.Suites[0].Name(), KeySource: KeysFromRNG, Enrolment: EnrolmentClosed}
	givenThreshold := false
	members := []yamlfile.Member{
		yamlfile.Named("threshold", func(n *yaml.Node) error {
			givenThreshold = true // also if it is 0, which is a mistake and not the default
			return yamlfile.Number(n, "threshold", &t.Threshold)
		}),
		yamlfile.Named("hubs", func(n *yaml.Node) error { return yamlfile.List(n, "hubs", &t.Hubs, readHub) }),
		yamlfile.Named("clients", func(n *yaml.Node) error { return yamlfile.List(n, "clients", &t.Clients, readClient) }),
	}
	if err := yamlfile.Members(root, "the topology", append(members, t.members(files)...)...); err != nil {
		return nil, err
	}
	if !givenThreshold {
		t.Threshold = t.defaultThreshold()
	}
	if t.hasPython() && !yamlfile.Has(root, "suite") {
		t.Suite = protocol.SuitePython
	}
	t.defaultClientHubs()
	return t, nil
}

// members returns the members of a topology besides nodes and a threshold.
func (t *Topology) members(files files) []yamlfile.Member {
	return []yamlfile.Member{
		yamlfile.Named("suite", func(n *yaml.Node) error { return yamlfile.Text(n, "suite", &t.Suite) }),
		yamlfile.Named("key_source", func(n *yaml.Node) error { return yamlfile.Text(n, "key_source", &t.KeySource) }),
		yamlfile.Named("enrolment", func(n *yaml.Node) error { return yamlfile.Text(n, "enrolment", &t.Enrolment) }),
		yamlfile.Named("psrd", func(n *yaml.Node) error { return readPSRD(n, &t.PSRD) }),
		yamlfile.Named("sites", func(n *yaml.Node) error { return readSites(n, &t.Sites) }),
		yamlfile.Named("links", func(n *yaml.Node) error { return yamlfile.List(n, "links", &t.Links, readLink(files)) }),
	}
}

func readHub(n *yaml.Node, hub *Hub) error {
	return yamlfile.Members(n, "a hub",
		name(&hub.Name),
		yamlfile.Named("url", func(n *yaml.Node) error { return yamlfile.Text(n, "url", &hub.URL) }),
		yamlfile.Named("implementation", func(n *yaml.Node) error { return yamlfile.Text(n, "implementation", &hub.Implementation) }),
	)
}

func readClient(n *yaml.Node, client *Client) error {
	client.Encryptors = []Encryptor{} // so that JSON always has a list
	return yamlfile.Members(n, "a client",
		name(&client.Name),
		yamlfile.Named("encryptors", func(n *yaml.Node) error {
			return yamlfile.List(n, "encryptors", &client.Encryptors, readEncryptor)
		}),
		yamlfile.Named("hubs", func(n *yaml.Node) error {
			return yamlfile.List(n, "the hubs of a client", &client.Hubs, readHubName)
		}),
		yamlfile.Named("external", func(n *yaml.Node) error { return yamlfile.Boolean(n, "external", &client.External) }),
		yamlfile.Named("token", func(n *yaml.Node) error { return yamlfile.Text(n, "token", &client.Token) }),
		yamlfile.Named("url", func(n *yaml.Node) error { return yamlfile.Text(n, "url", &client.URL) }),
		yamlfile.Named("recipient", func(n *yaml.Node) error { return yamlfile.Text(n, "recipient", &client.Recipient) }),
	)
}

func readEncryptor(n *yaml.Node, encryptor *Encryptor) error {
	return yamlfile.Members(n, "an encryptor", name(&encryptor.Name))
}

func readHubName(n *yaml.Node, hub *string) error { return yamlfile.Text(n, "the name of a hub", hub) }

func readPSRD(n *yaml.Node, psrd *PSRD) error {
	size := func(name string, bytes *int) yamlfile.Member {
		return yamlfile.Named(name, func(n *yaml.Node) error { return yamlfile.Number(n, name, bytes) })
	}
	return yamlfile.Members(n, "psrd",
		size("block_size", &psrd.BlockSize),
		size("low_water", &psrd.LowWater),
		size("high_water", &psrd.HighWater),
		yamlfile.Named("lazy", func(n *yaml.Node) error { return yamlfile.Boolean(n, "lazy", &psrd.Lazy) }),
		yamlfile.Named("courier", func(n *yaml.Node) (err error) {
			psrd.Courier, err = ReadCourier(n)
			return err
		}),
		size("files", &psrd.Files),
	)
}

func name(s *string) yamlfile.Member {
	return yamlfile.Named("name", func(n *yaml.Node) error { return yamlfile.Text(n, "name", s) })
}

// defaultClientHubs gives all hubs to the clients that list none. They share one slice: with
// separate ones, a small file with many hubs and clients would fill the memory before an error
// could be reported.
func (t *Topology) defaultClientHubs() {
	all := t.hubNames()
	for i := range t.Clients {
		if t.Clients[i].Hubs == nil {
			t.Clients[i].Hubs = all
		}
	}
}

// sortClientHubs sorts the hubs of a valid topology's clients in the order of the topology.
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
