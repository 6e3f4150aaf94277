package topology

import (
	"encoding/json"
	"fmt"
	"time"

	"go.yaml.in/yaml/v4"

	"dske/protocol"
	"dske/sim/yamlfile"
)

// Courier says that PSRD is delivered, and never comes over the network. The first delivery arrives
// when the network starts.
type Courier struct {
	Every time.Duration // from one courier to the next; 0: there is only the first delivery
	Size  int           // bytes added to each pool; 0 if Every is 0: then the first delivery is HighWater
	Delay time.Duration // time that a courier takes
	Loss  float64       // probability that a delivery is lost, 0 to 1; the first never is
}

// noCourier stands in files for a courier that comes only once.
const noCourier = "never"

// courierFile is the form of a courier in files.
type courierFile struct {
	Every string  `json:"every" yaml:"every"`
	Size  string  `json:"size" yaml:"size"`
	Delay string  `json:"delay,omitempty" yaml:"delay,omitempty"`
	Loss  float64 `json:"loss,omitempty" yaml:"loss,omitempty"`
}

func (c Courier) file() any {
	if c.Every == 0 {
		return noCourier
	}
	f := courierFile{Every: c.Every.String(), Size: fmt.Sprintf("%dB", c.Size), Loss: c.Loss}
	if c.Delay > 0 {
		f.Delay = c.Delay.String()
	}
	return f
}

// MarshalJSON implements [json.Marshaler].
func (c Courier) MarshalJSON() ([]byte, error) { return json.Marshal(c.file()) }

// UnmarshalJSON implements [json.Unmarshaler].
func (c *Courier) UnmarshalJSON(text []byte) error {
	root, err := yamlfile.Parse(text, "say when a courier comes") // JSON is YAML
	if err != nil {
		return err
	}
	read, err := ReadCourier(root)
	if err == nil {
		*c = *read
	}
	return err
}

// MarshalYAML returns the form that [Load] reads.
func (c Courier) MarshalYAML() (any, error) { return c.file(), nil }

// ReadCourier reads psrd.courier of a topology.
func ReadCourier(n *yaml.Node) (*Courier, error) {
	var c Courier
	if !yamlfile.IsMapping(n) {
		var word string
		if err := yamlfile.Text(n, "courier", &word); err != nil || word != noCourier {
			return nil, yamlfile.Errorf(n.Line, "courier must be %s, or a mapping such as {every: 7d, size: 1MiB}", noCourier)
		}
		return &c, nil
	}
	err := yamlfile.Members(n, "courier", duration("every", &c.Every), duration("delay", &c.Delay),
		yamlfile.Named("size", func(n *yaml.Node) error { return yamlfile.Size(n, "size", &c.Size) }),
		yamlfile.Named("loss", func(n *yaml.Node) error { return yamlfile.Fraction(n, "loss", &c.Loss, 1) }))
	if err == nil && (c.Every == 0 || c.Size == 0) {
		err = yamlfile.Errorf(n.Line, "courier lacks something: set every and size, or write %s", noCourier)
	}
	return &c, err
}

// First returns the number of bytes in each pool at the start of a network whose PSRD comes by
// courier.
func (p PSRD) First() int {
	if p.Courier.Every == 0 {
		return p.HighWater
	}
	return p.Courier.Size
}

func courierFlaw(t *Topology) *flaw {
	c := t.PSRD.Courier
	path := at("psrd", "courier")
	switch {
	case c == nil:
		return nil
	case t.PSRD.Lazy:
		return flawf(at("psrd", "lazy"), "lazy has no effect with a courier, who brings PSRD even if it is not needed: remove one of the two")
	case c.Size > protocol.MaxPoolSize:
		return flawf(append(path, "size"), "a courier brings %d bytes: at most %d fit into a pool", c.Size, protocol.MaxPoolSize)
	case c.Every < 0 || c.Delay < 0 || c.Loss < 0 || c.Loss > 1 || (c.Every == 0) != (c.Size == 0):
		return flawf(path, "a courier has every and size, a delay, and a loss of 0 to 1")
	}
	for i, client := range t.Clients {
		if client.External {
			return flawf(at("clients", i, "external"), "client %q runs elsewhere, where the couriers of this network do not come: remove external or the courier", client.Name)
		}
	}
	return nil
}
