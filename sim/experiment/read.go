package experiment

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"dske/etsi"
	"dske/sim/link"
	"dske/sim/topology"
	"dske/sim/yamlfile"
)

// words lists the members of an experiment.
var words = []string{"topology", "for", "runs", "demand", "outages", "couriers", "share_ttl", "durable", "latency", "vary"}

// maxFor bounds the length of an experiment, since virtual time ends in 2262.
const maxFor = 100 * 365 * 24 * time.Hour

// reader parses one point of a file.
type reader struct {
	name string // of the file
	read Point
	runs int
	vary []variation

	courier *topology.Courier
	latency link.Latency
}

// point parses a point, and validates it.
func (r *reader) point(root *yaml.Node) (*Point, error) {
	p := &r.read
	err := yamlfile.Members(root, "the experiment",
		yamlfile.Named("topology", func(n *yaml.Node) (err error) {
			p.Topology, err = topology.FromNode(r.name, n)
			return err
		}),
		duration("for", &p.For),
		number("runs", &r.runs, maxRuns),
		yamlfile.Named("demand", func(n *yaml.Node) error { return yamlfile.List(n, "demand", &p.Demand, readDemand) }),
		yamlfile.Named("outages", func(n *yaml.Node) error { return readOutages(n, &p.Outages) }),
		yamlfile.Named("couriers", func(n *yaml.Node) (err error) {
			r.courier, err = topology.ReadCourier(n)
			return err
		}),
		duration("share_ttl", &p.ShareTTL),
		yamlfile.Named("durable", func(n *yaml.Node) error { return yamlfile.Boolean(n, "durable", &p.Durable) }),
		yamlfile.Named("latency", func(n *yaml.Node) (err error) {
			r.latency, err = topology.ReadLatency(r.name, n)
			return err
		}),
		yamlfile.Named("vary", func(n *yaml.Node) error { return readVary(n, &r.vary) }),
	)
	if err == nil {
		err = r.complete(root)
	}
	return p, err
}

// complete validates the point as a whole.
func (r *reader) complete(root *yaml.Node) error {
	p := &r.read
	at := func(path ...any) int { return yamlfile.LineOf(root, path) }
	if p.Topology == nil {
		p.Topology = topology.Reference()
	}
	if r.courier != nil {
		p.Topology.PSRD.Courier = r.courier
	}
	if r.latency != nil {
		p.Topology.Links = append(p.Topology.Links, topology.Link{Link: link.Link{Latency: r.latency}})
	}
	if err := p.Topology.Validate(); err != nil {
		return yamlfile.Errorf(at("topology"), "%w", err)
	}
	switch {
	case p.For == 0:
		return yamlfile.Errorf(root.Line, "the experiment lacks for: say how long it is, such as 365d")
	case p.For > maxFor:
		return yamlfile.Errorf(at("for"), "for is %v: use at most %v", p.For, maxFor)
	case len(p.Demand) == 0:
		return yamlfile.Errorf(at("demand"), "the experiment lacks demand: list who wants keys, such as {between: random 5, every: 10m}")
	case p.Outages.Sites != nil && len(p.Topology.Sites) == 0:
		return yamlfile.Errorf(at("outages", "sites"), "the topology has no sites that could fail: add some")
	case len(p.Topology.Local()) < len(p.Topology.Clients):
		return yamlfile.Errorf(at("topology"), "an experiment has no clients that run elsewhere: remove external")
	}
	for i := range p.Demand {
		if err := p.checkDemand(&p.Demand[i], at("demand", i)); err != nil {
			return err
		}
	}
	return nil
}

// checkDemand validates the encryptors of a demand.
func (p *Point) checkDemand(d *Demand, line int) error {
	all := encryptors(p.Topology)
	if d.Random > 0 {
		if number := couplesOf(p.Topology).number(); d.Random > number {
			return yamlfile.Errorf(line, "there are only %d pairs of encryptors of different clients with enough hubs in common, not %d", number, d.Random)
		}
	}
	for _, name := range d.Between {
		if !slices.ContainsFunc(all, func(e encryptor) bool { return e.sae == name }) {
			return yamlfile.Errorf(line, "there is no encryptor %.64q", name)
		}
	}
	return nil
}

// profiles are the demands of known equipment.
var profiles = map[string]Demand{
	"wireguard": {Every: 120 * time.Second, Arrivals: Periodic, Size: 256}, // REKEY_AFTER_TIME of WireGuard
	"ike":       {Every: time.Hour, Arrivals: Periodic, Size: 256},         // rekeying of a CHILD_SA, strongSwan's default
	"macsec":    {Every: 5 * time.Minute, Arrivals: Periodic, Size: 256},   // 2^32 packet numbers at 10 Gbit/s of small frames
}

func readDemand(n *yaml.Node, d *Demand) error {
	given := Demand{}
	profile := Demand{Arrivals: Poisson, Size: etsi.DefaultKeySize, On: time.Hour, Off: time.Hour}
	err := yamlfile.Members(n, "a demand",
		yamlfile.Named("between", func(n *yaml.Node) error { return readBetween(n, &given) }),
		yamlfile.Named("profile", func(n *yaml.Node) error {
			var name string
			if err := yamlfile.Text(n, "profile", &name); err != nil {
				return err
			}
			known, found := profiles[name]
			if !found {
				return yamlfile.Errorf(n.Line, "profile is %.64q: use wireguard, ike or macsec", name)
			}
			profile.Every, profile.Arrivals, profile.Size = known.Every, known.Arrivals, known.Size
			return nil
		}),
		duration("every", &given.Every),
		yamlfile.Named("arrivals", func(n *yaml.Node) error {
			if err := yamlfile.Text(n, "arrivals", &given.Arrivals); err != nil {
				return err
			}
			if !slices.Contains([]string{Periodic, Poisson, OnOff}, given.Arrivals) {
				return yamlfile.Errorf(n.Line, "arrivals is %.64q: set it to %s, %s or %s", given.Arrivals, Periodic, Poisson, OnOff)
			}
			return nil
		}),
		duration("on", &given.On), duration("off", &given.Off),
		number("size", &given.Size, etsi.MaxKeySize),
		duration("fetch_after", &given.FetchAfter),
	)
	if err != nil {
		return err
	}
	*d = given.or(profile)
	switch {
	case d.Random == 0 && d.Between == nil:
		return yamlfile.Errorf(n.Line, "a demand lacks between: write random 20, or [MASTER, SLAVE]")
	case d.Every == 0:
		return yamlfile.Errorf(n.Line, "a demand lacks every: say how often, or name a profile")
	case d.Size%8 != 0:
		return yamlfile.Errorf(n.Line, "size is %d bits: use a multiple of 8", d.Size)
	}
	return nil
}

// or returns a demand in which missing members are those of another one.
func (d Demand) or(other Demand) Demand {
	if d.Every == 0 {
		d.Every = other.Every
	}
	if d.Arrivals == "" {
		d.Arrivals = other.Arrivals
	}
	if d.Size == 0 {
		d.Size = other.Size
	}
	if d.On == 0 {
		d.On = other.On
	}
	if d.Off == 0 {
		d.Off = other.Off
	}
	return d
}

func readBetween(n *yaml.Node, d *Demand) error {
	if n.Kind == yaml.SequenceNode {
		err := yamlfile.List(n, "between", &d.Between, func(n *yaml.Node, name *string) error {
			return yamlfile.Text(n, "the ID of an encryptor", name)
		})
		if err == nil && (len(d.Between) != 2 || d.Between[0] == d.Between[1]) {
			err = yamlfile.Errorf(n.Line, "between must be two different encryptors, master and slave")
		}
		return err
	}
	var text string
	if err := yamlfile.Text(n, "between", &text); err != nil {
		return err
	}
	count, found := strings.CutPrefix(text, "random ")
	pairs, err := strconv.Atoi(count)
	if !found || err != nil || pairs < 1 {
		return yamlfile.Errorf(n.Line, "between is %.64q: write random and a number of pairs, or [MASTER, SLAVE]", text)
	}
	d.Random = pairs
	return nil
}

func readOutages(n *yaml.Node, o *Outages) error {
	return yamlfile.Members(n, "outages",
		failure("hubs", &o.Hubs), failure("clients", &o.Clients), failure("links", &o.Links),
		failure("sites", &o.Sites), failure("liars", &o.Liars),
		yamlfile.Named("crashes", func(n *yaml.Node) error {
			return yamlfile.Members(n, "crashes", crash("hubs", &o.CrashedHubs), crash("clients", &o.CrashedClients))
		}),
	)
}

func failure(name string, f **Failure) yamlfile.Member {
	return yamlfile.Named(name, func(n *yaml.Node) error {
		*f = &Failure{}
		err := yamlfile.Members(n, name, duration("mtbf", &(*f).MTBF), duration("mttr", &(*f).MTTR))
		if err == nil && ((*f).MTBF == 0 || (*f).MTTR == 0) {
			err = yamlfile.Errorf(n.Line, "%s lacks something: set mtbf and mttr", name)
		}
		return err
	})
}

func crash(name string, f **Failure) yamlfile.Member {
	return yamlfile.Named(name, func(n *yaml.Node) error {
		*f = &Failure{}
		err := yamlfile.Members(n, name, duration("mtbf", &(*f).MTBF))
		if err == nil && (*f).MTBF == 0 {
			err = yamlfile.Errorf(n.Line, "%s lacks mtbf: set it", name)
		}
		return err
	})
}

func duration(name string, d *time.Duration) yamlfile.Member {
	return yamlfile.Named(name, func(n *yaml.Node) error { return yamlfile.Duration(n, name, d) })
}

func number(name string, i *int, most int) yamlfile.Member {
	return yamlfile.Named(name, func(n *yaml.Node) error {
		err := yamlfile.Number(n, name, i)
		if err == nil && (*i < 1 || *i > most) {
			err = yamlfile.Errorf(n.Line, "%s is %d: use 1 to %d", name, *i, most)
		}
		return err
	})
}
