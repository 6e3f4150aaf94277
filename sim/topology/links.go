package topology

import (
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"

	"dske/sim/link"
	"dske/sim/yamlfile"
)

// Site is a place with nodes. The encryptors of a client are at its site.
type Site struct {
	Name  string
	Nodes []string // such as hub/hank, or hank if there is only one node of that name
}

// Sites lists all sites. In files it is a mapping.
type Sites []Site

// Link says which messages take a link: those between two ends, each of them a node or a site;
// those within a site; or, if neither is given, those between any two nodes. The first link that
// matches a message is used. The messages between two sites share one line in each direction; every
// other pair has lines of its own.
type Link struct {
	Between []string // two different ends, or none
	Within  string   // a site, or empty
	link.Link
}

func readSites(n *yaml.Node, sites *Sites) error {
	return yamlfile.Entries(n, "sites", func(name string, n *yaml.Node) error {
		site := Site{Name: name}
		err := yamlfile.List(n, "a site", &site.Nodes, func(n *yaml.Node, node *string) error {
			return yamlfile.Text(n, "the name of a node", node)
		})
		*sites = append(*sites, site)
		return err
	})
}

func readLink(files files) func(n *yaml.Node, l *Link) error {
	return func(n *yaml.Node, l *Link) error {
		return yamlfile.Members(n, "a link",
			yamlfile.Named("between", func(n *yaml.Node) error {
				return yamlfile.List(n, "between", &l.Between, func(n *yaml.Node, end *string) error {
					return yamlfile.Text(n, "an end of a link", end)
				})
			}),
			yamlfile.Named("within", func(n *yaml.Node) error { return yamlfile.Text(n, "within", &l.Within) }),
			yamlfile.Named("latency", func(n *yaml.Node) error { return readLatency(n, files, &l.Latency) }),
			yamlfile.Named("jitter", func(n *yaml.Node) error { return yamlfile.Duration(n, "jitter", &l.Jitter) }),
			yamlfile.Named("bandwidth", func(n *yaml.Node) error { return readBandwidth(n, &l.Bandwidth) }),
			yamlfile.Named("loss", func(n *yaml.Node) error { return yamlfile.Fraction(n, "loss", &l.Loss, 1) }),
			yamlfile.Named("burst", func(n *yaml.Node) error { return readBurst(n, &l.Burst) }),
		)
	}
}

func readBurst(n *yaml.Node, burst **link.Burst) error {
	b := &link.Burst{}
	chance := func(name string, p *float64) yamlfile.Member {
		return yamlfile.Named(name, func(n *yaml.Node) error { return yamlfile.Fraction(n, name, p, 1) })
	}
	if err := yamlfile.Members(n, "burst", chance("enter", &b.Enter), chance("leave", &b.Leave), chance("loss", &b.Loss)); err != nil {
		return err
	}
	if b.Enter == 0 || b.Leave == 0 || b.Loss == 0 {
		return yamlfile.Errorf(n.Line, "burst lacks something: set enter, leave and loss")
	}
	*burst = b
	return nil
}

// units are the units of a bandwidth, in bits per second.
var units = []struct {
	name string
	bits float64
}{{"kbit", 1e3}, {"Mbit", 1e6}, {"Gbit", 1e9}, {"bit", 1}}

func readBandwidth(n *yaml.Node, bandwidth *int64) error {
	var text string
	if err := yamlfile.Text(n, "bandwidth", &text); err != nil {
		return yamlfile.Errorf(n.Line, "bandwidth must have a unit per second, such as 50Mbit")
	}
	for _, unit := range units {
		number, found := strings.CutSuffix(text, unit.name)
		value, err := strconv.ParseFloat(number, 64)
		if bits := value * unit.bits; found && err == nil && bits >= 1 && bits <= 1e15 {
			*bandwidth = int64(bits)
			return nil
		}
	}
	return yamlfile.Errorf(n.Line, "bandwidth is %.64q: write a number of bit, kbit, Mbit or Gbit per second, such as 50Mbit", text)
}
