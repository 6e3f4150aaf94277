package topology

import "dske/protocol"

// Topology is a whole network.
type Topology struct {
	// Threshold is k: a key can be made from the shares of any k hubs and from no fewer. It is at
	// least 2 and at most the number of hubs of every client.
	Threshold int      `json:"threshold" yaml:"threshold"`
	Hubs      []Hub    `json:"hubs" yaml:"hubs"`
	Clients   []Client `json:"clients" yaml:"clients"`
	PSRD      PSRD     `json:"psrd" yaml:"psrd"`

	Suite     string `json:"suite" yaml:"suite"`           // name of a protocol.Suite
	KeySource string `json:"key_source" yaml:"key_source"` // KeysFromRNG or, with suite its, KeysFromPSRD
	Enrolment string `json:"enrolment" yaml:"enrolment"`   // EnrolmentClosed or EnrolmentOpen

	Sites Sites  `json:"sites,omitempty" yaml:"sites,omitempty"`
	Links []Link `json:"links,omitempty" yaml:"links,omitempty"` // the first that matches a message is used
}

// Who may register with the hubs.
const (
	EnrolmentClosed = "closed" // the clients of the topology; the default
	EnrolmentOpen   = "open"   // strangers too, with names that are not in the topology
)

// ImplementationPython is the Python implementation of hubs
// (https://github.com/brunorijsman/dske-python).
const ImplementationPython = "dske-python"

// The sources of keys.
const (
	KeysFromRNG  = "rng"  // a random generator; the default
	KeysFromPSRD = "psrd" // the pre-shared random data, and no random generator
)

// Hub is a node that relays shares. Its name matches [a-z0-9][a-z0-9._-]{0,62} and is unique among
// hubs.
type Hub struct {
	Name string `json:"name" yaml:"name"`

	// URL is the base URL of a hub that runs elsewhere, such as https://h1.example:8100/hub/hank.
	URL string `json:"url,omitempty" yaml:"url,omitempty"`

	// Implementation is ImplementationPython for a hub of dske-python, which runs elsewhere; empty:
	// this program.
	Implementation string `json:"implementation,omitempty" yaml:"implementation,omitempty"`

	// Elsewhere says that the hub runs in another process; see [Topology.RunOnly].
	Elsewhere bool `json:"-" yaml:"-"`
}

// Client is a node that makes keys for its encryptors. Its name follows the rule of [Hub] and is
// unique among clients; a hub may have the same name.
type Client struct {
	Name string `json:"name" yaml:"name"`

	// Encryptors is empty for a client whose only encryptor has the client's own name.
	Encryptors []Encryptor `json:"encryptors" yaml:"encryptors"`

	// Hubs has the names of the hubs that the client uses, at least Threshold and at most
	// protocol.MaxHubs, in the order of the topology. Clients that use all hubs may share one
	// slice: do not write to it.
	Hubs []string `json:"hubs" yaml:"hubs,omitempty"`

	// External enrols a client that does not belong to the network: somebody else runs it, or it is
	// of another implementation.
	External bool `json:"external,omitempty" yaml:"external,omitempty"`

	// Token proves the identity of an external client. Without one, which only suite dske-python
	// allows, anybody can come in its name. It is a secret.
	Token string `json:"-" yaml:"token,omitempty"`

	// URL is the base URL of a client that runs elsewhere, such as
	// https://c1.example:8100/client/carol. Hubs that start notify it there. It is optional for an
	// external client, which then notices at its next request.
	URL string `json:"url,omitempty" yaml:"url,omitempty"`

	// Recipient is the public key for which hubs in other processes seal files with PSRD for the
	// client. It is not secret, and starts with age1pq1.
	Recipient string `json:"recipient,omitempty" yaml:"recipient,omitempty"`

	// Elsewhere says that the client, which is not external, runs in another process; see
	// [Topology.RunOnly].
	Elsewhere bool `json:"-" yaml:"-"`
}

// SAEs returns the IDs of the client's encryptors, or the client's own name if it has none.
func (c *Client) SAEs() []string {
	if len(c.Encryptors) == 0 {
		return []string{c.Name}
	}
	names := make([]string, len(c.Encryptors))
	for i, e := range c.Encryptors {
		names[i] = e.Name
	}
	return names
}

// Encryptor is a consumer of keys. Its name is its SAE ID: one that [protocol.CheckSAE] allows,
// without the prefix of SKIP systems, and unique in the topology, also among the clients that are
// their own encryptors.
type Encryptor struct {
	Name string `json:"name" yaml:"name"`
}

// PSRD says how much pre-shared random data a client keeps in each of its pools. All sizes are in
// bytes.
type PSRD struct {
	BlockSize int `json:"block_size" yaml:"block_size"` // size of a block that a client asks for, 64 to 4 MiB
	LowWater  int `json:"low_water" yaml:"low_water"`   // a pool with less is filled up; at least 1
	HighWater int `json:"high_water" yaml:"high_water"` // up to this; LowWater to 16 MiB

	// Lazy leaves each pool of an association empty until the first key needs it.
	Lazy bool `json:"lazy" yaml:"lazy"`

	// Courier brings PSRD instead of the network; nil: pools are filled over the network when
	// needed.
	Courier *Courier `json:"courier,omitempty" yaml:"courier,omitempty"`

	// Files says that PSRD comes in files that are carried by hand, and that nothing goes out of
	// band. It is how many files for a client may be out at each hub: made, but not known to be
	// taken in. 0: no files.
	Files int `json:"files,omitempty" yaml:"files,omitempty"`
}

// defaultPSRD has the default sizes.
var defaultPSRD = PSRD{
	BlockSize: protocol.DefaultBlockSize,
	LowWater:  protocol.DefaultLowWater,
	HighWater: protocol.DefaultHighWater,
}

// defaultThreshold returns a majority of all hubs.
func defaultThreshold(hubs int) int { return hubs/2 + 1 }

// hubNames returns the names of all hubs, in a slice that can be shared: appending to it copies.
func (t *Topology) hubNames() []string {
	names := make([]string, len(t.Hubs))
	for i, hub := range t.Hubs {
		names[i] = hub.Name
	}
	return names
}
