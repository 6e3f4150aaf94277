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

	Suite     string `json:"suite" yaml:"suite"`           // of a protocol.Suite
	KeySource string `json:"key_source" yaml:"key_source"` // KeysFromRNG or, with suite its, KeysFromPSRD
	Enrolment string `json:"enrolment" yaml:"enrolment"`   // EnrolmentClosed or EnrolmentOpen

	Sites Sites  `json:"sites,omitempty" yaml:"sites,omitempty"`
	Links []Link `json:"links,omitempty" yaml:"links,omitempty"` // the first that fits a message counts
}

// Who may register with the hubs.
const (
	EnrolmentClosed = "closed" // the clients of the topology; the default
	EnrolmentOpen   = "open"   // strangers too, with names that are not in the topology
)

// ImplementationPython is the Python implementation of hubs
// (https://github.com/brunorijsman/dske-python).
const ImplementationPython = "dske-python"

// The places that clients take keys from.
const (
	KeysFromRNG  = "rng"  // a random generator; the default
	KeysFromPSRD = "psrd" // the pre-shared random data, and no random generator
)

// Hub is a node that relays shares. Its name matches [a-z0-9][a-z0-9._-]{0,62} and no other hub has
// it.
type Hub struct {
	Name string `json:"name" yaml:"name"`

	// URL is the base of a hub that runs elsewhere, such as https://h1.example:8100/hub/hank.
	URL string `json:"url,omitempty" yaml:"url,omitempty"`

	// Implementation is ImplementationPython for a hub of dske-python, which runs elsewhere; empty:
	// it is this program.
	Implementation string `json:"implementation,omitempty" yaml:"implementation,omitempty"`

	// Elsewhere says that the hub runs in another process; see [Topology.RunOnly].
	Elsewhere bool `json:"-" yaml:"-"`
}

// Client is a node that makes keys for its encryptors. Its name follows the rule of [Hub] and no
// other client has it; a hub may.
type Client struct {
	Name string `json:"name" yaml:"name"`

	// Encryptors is empty for a client that has, when it runs, one encryptor with its own name.
	Encryptors []Encryptor `json:"encryptors" yaml:"encryptors"`

	// Hubs are the names of the hubs that the client uses, at least Threshold and at most
	// protocol.MaxHubs, in the order of the topology. Clients that use all hubs may share one
	// slice: don't write to it.
	Hubs []string `json:"hubs" yaml:"hubs,omitempty"`

	// External enrols a client that is none of the network's: it belongs to somebody else, or is
	// of another implementation.
	External bool `json:"external,omitempty" yaml:"external,omitempty"`

	// Token is what an external client proves itself with. Without one, which only suite
	// dske-python allows, anybody can come in its name. It is a secret.
	Token string `json:"-" yaml:"token,omitempty"`

	// URL is the base of a client that runs elsewhere, such as
	// https://c1.example:8100/client/carol. Hubs that start tell it so; an external one may do
	// without, and then notices at its next request.
	URL string `json:"url,omitempty" yaml:"url,omitempty"`

	// Recipient is what hubs in other processes seal files with PSRD for the client for. It is no
	// secret, and starts with age1pq1.
	Recipient string `json:"recipient,omitempty" yaml:"recipient,omitempty"`

	// Elsewhere says that the client, which is not external, runs in another process; see
	// [Topology.RunOnly].
	Elsewhere bool `json:"-" yaml:"-"`
}

// SAEs returns the IDs of the client's encryptors: its own name, if it has none.
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

// Encryptor is a consumer of keys. Its name is its SAE ID: what [protocol.CheckSAE] allows, but not
// with the prefix that SKIP systems have, and unique in the topology, also among the clients that
// are their own encryptors.
type Encryptor struct {
	Name string `json:"name" yaml:"name"`
}

// PSRD is how much pre-shared random data a client keeps in each of its pools. All sizes are in
// bytes.
type PSRD struct {
	BlockSize int `json:"block_size" yaml:"block_size"` // of a block that a client asks for, 64 to 4 MiB
	LowWater  int `json:"low_water" yaml:"low_water"`   // a pool with less is filled up, at least 1
	HighWater int `json:"high_water" yaml:"high_water"` // to this, LowWater to 16 MiB

	// Lazy leaves the pools of an association empty until the first key needs it.
	Lazy bool `json:"lazy" yaml:"lazy"`

	// Courier brings PSRD instead of the network; nil: pools are filled whenever that is needed.
	Courier *Courier `json:"courier,omitempty" yaml:"courier,omitempty"`

	// Files says that PSRD comes in files, which somebody carries, and that nothing goes out of
	// band: so many files of a client may be out at each hub, made and not heard of. 0: it does
	// not.
	Files int `json:"files,omitempty" yaml:"files,omitempty"`
}

// defaultPSRD holds the sizes that a file leaves out.
var defaultPSRD = PSRD{
	BlockSize: protocol.DefaultBlockSize,
	LowWater:  protocol.DefaultLowWater,
	HighWater: protocol.DefaultHighWater,
}

// defaultThreshold is a majority of all hubs.
func defaultThreshold(hubs int) int { return hubs/2 + 1 }

// hubNames returns the names of all hubs, in a slice that can be shared: appending to it copies.
func (t *Topology) hubNames() []string {
	names := make([]string, len(t.Hubs))
	for i, hub := range t.Hubs {
		names[i] = hub.Name
	}
	return names
}
