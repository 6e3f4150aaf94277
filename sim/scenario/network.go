package scenario

import (
	"time"

	"go.yaml.in/yaml/v4"

	"dske/sim"
	"dske/sim/topology"
	"dske/sim/yamlfile"
)

// Settings is the content of network.yaml. Without it, and without topology.yaml, the network is
// the reference network. Times must be over 0, such as 1.5s.
type Settings struct {
	Hubs       int           `yaml:"hubs"`        // instead of topology.yaml: hub1, hub2, …
	Clients    int           `yaml:"clients"`     // with hubs: client1 with encryptor sae1, …
	Threshold  int           `yaml:"threshold"`   // with hubs
	Transport  string        `yaml:"transport"`   // memory or loopback
	Time       string        `yaml:"time"`        // Real or Virtual; the latter needs memory
	Data       string        `yaml:"data"`        // "", or memory: nodes keep their state on simulated disks
	Seed       *int          `yaml:"seed"`        // seed of all randomness, unless the options have one; over 0
	ShareTTL   time.Duration `yaml:"share_ttl"`   // how long keys can be fetched
	HubTimeout time.Duration `yaml:"hub_timeout"` // how long a client waits for a hub

	RequestTimeout time.Duration `yaml:"request_timeout"` // how long an encryptor waits for a client
}

// The kinds of time of a network.
const (
	Real    = "real"    // time of the clock
	Virtual = "virtual" // skips periods in which nothing happens; see package sim/virtual
)

// read parses network.yaml. It returns the topology that its numbers describe, or nil if it has
// none, and the line of the first number.
func (s *Settings) read(data []byte) (t *topology.Topology, asked int, err error) {
	root, err := yamlfile.Parse(data, "set hubs and clients, a transport or a time")
	if err != nil {
		return nil, 0, err
	}
	lines := map[string]int{} // lines of the given members
	number := func(name string, i *int) yamlfile.Member {
		return yamlfile.Named(name, func(n *yaml.Node) error {
			lines[name] = n.Line
			return yamlfile.Number(n, name, i)
		})
	}
	duration := func(name string, d *time.Duration) yamlfile.Member {
		return yamlfile.Named(name, func(n *yaml.Node) error { return yamlfile.Duration(n, name, d) })
	}
	err = yamlfile.Members(root, "the network",
		number("hubs", &s.Hubs), number("clients", &s.Clients), number("threshold", &s.Threshold),
		yamlfile.Named("transport", func(n *yaml.Node) error {
			return readChoice(n, "transport", &s.Transport, sim.Memory, sim.Loopback)
		}),
		yamlfile.Named("time", func(n *yaml.Node) error {
			lines["time"] = n.Line
			return readChoice(n, "time", &s.Time, Real, Virtual)
		}),
		duration("share_ttl", &s.ShareTTL), duration("hub_timeout", &s.HubTimeout),
		duration("request_timeout", &s.RequestTimeout),
		yamlfile.Named("seed", func(n *yaml.Node) error {
			s.Seed = new(int)
			if err := yamlfile.Number(n, "seed", s.Seed); err != nil {
				return err
			}
			if *s.Seed < 1 {
				return yamlfile.Errorf(n.Line, "seed is %d: set it to at least 1", *s.Seed)
			}
			return nil
		}),
		yamlfile.Named("data", func(n *yaml.Node) error {
			return readChoice(n, "data", &s.Data, "memory", "none")
		}),
	)
	if err != nil {
		return nil, 0, err
	}
	if s.Time == Virtual && s.Transport == sim.Loopback {
		return nil, 0, yamlfile.Errorf(lines["time"], "there are no ports in virtual time: remove time, or set transport to %s", sim.Memory)
	}
	t, err = s.generate(lines)
	return t, lines["hubs"], err
}

// seed returns the seed, or nil.
func (s *Settings) seed() *uint64 {
	if s.Seed == nil {
		return nil
	}
	seed := uint64(*s.Seed)
	return &seed
}

// readChoice reads one of two words.
func readChoice(n *yaml.Node, what string, choice *string, one, other string) error {
	if err := yamlfile.Text(n, what, choice); err != nil {
		return err
	}
	if *choice != one && *choice != other {
		return yamlfile.Errorf(n.Line, "%s is %.64q: set it to %s or %s", what, *choice, one, other)
	}
	return nil
}

// generate returns the topology that the numbers describe, or nil if there are none. Lines has the
// given members, since a number that is 0 is a mistake, unlike a missing one.
func (s *Settings) generate(lines map[string]int) (*topology.Topology, error) {
	hubs, clients, threshold := lines["hubs"], lines["clients"], lines["threshold"]
	switch {
	case (hubs == 0) != (clients == 0):
		return nil, yamlfile.Errorf(max(hubs, clients), "hubs and clients go together: set both")
	case threshold > 0 && hubs == 0:
		return nil, yamlfile.Errorf(threshold, "threshold goes with hubs and clients: set them too, or set threshold in topology.yaml")
	case threshold > 0 && s.Threshold == 0:
		return nil, yamlfile.Errorf(threshold, "threshold is 0: set it to at least 2, or else a single hub knows every key")
	case hubs == 0:
		return nil, nil
	case s.Hubs < 1:
		return nil, yamlfile.Errorf(hubs, "hubs is %d: set it to at least 2", s.Hubs)
	case s.Clients < 1:
		return nil, yamlfile.Errorf(clients, "clients is %d: set it to at least 1", s.Clients)
	}
	t, err := topology.Generate(topology.Sizes{Hubs: s.Hubs, Clients: s.Clients, Threshold: s.Threshold})
	if err != nil {
		return nil, yamlfile.Errorf(hubs, "%w", err)
	}
	return t, nil
}
