package topology

import (
	"fmt"
	"strings"

	"dske/etsi/skip"
	"dske/protocol"
)

// The allowed sizes, in bytes.
const (
	minBlockSize = 64
	maxHighWater = 16 << 20
)

// flaw is a rule that a topology breaks. It knows the place as member names and list indexes from
// the top; the code that has the file adds the line.
type flaw struct {
	path []any
	text string
}

func (f *flaw) Error() string { return f.text }

// flawf makes a flaw. Use %.64q for names, since a stranger's name can be long.
func flawf(path []any, format string, args ...any) *flaw {
	return &flaw{path, fmt.Sprintf(format, args...)}
}

func at(path ...any) []any { return path }

// Validate returns nil if the topology follows all rules, and otherwise a sentence about the first
// rule that it breaks.
func (t *Topology) Validate() error {
	if f := t.flaw(); f != nil {
		return f
	}
	return nil
}

func (t *Topology) flaw() *flaw {
	rules := []func(*Topology) *flaw{
		hubNamesFlaw, hubURLFlaw, pythonFlaw, clientNamesFlaw, encryptorFlaw, thresholdFlaw, clientHubsFlaw, psrdFlaw, courierFlaw, suiteFlaw, enrolmentFlaw, filesFlaw, sitesFlaw, linksFlaw,
	}
	for _, rule := range rules {
		if f := rule(t); f != nil {
			return f
		}
	}
	return nil
}

func hubNamesFlaw(t *Topology) *flaw {
	return nodeNamesFlaw("hub", "hubs", t.hubNames())
}

func clientNamesFlaw(t *Topology) *flaw {
	names := make([]string, len(t.Clients))
	for i, client := range t.Clients {
		names[i] = client.Name
	}
	return nodeNamesFlaw("client", "clients", names)
}

// nodeNamesFlaw checks the names of all nodes of a kind, which the file lists under member.
func nodeNamesFlaw(kind, member string, names []string) *flaw {
	if len(names) == 0 {
		return flawf(at(member), "there are no %s: list them under %q", member, member)
	}
	seen := make(map[string]bool, len(names))
	for i, name := range names {
		if protocol.CheckName(name) != nil {
			return flawf(at(member, i, "name"), "%.64q cannot be the name of a %s: use 1 to 63 of a-z, 0-9, '.', '_' and '-', "+
				"and start with a letter or digit", name, kind)
		}
		if seen[name] {
			return flawf(at(member, i, "name"), "there are two %s named %q: rename one", member, name)
		}
		seen[name] = true
	}
	return nil
}

func encryptorFlaw(t *Topology) *flaw {
	owners := make(map[string]int, len(t.Clients)) // encryptor name -> client index
	for i, client := range t.Clients {
		if len(client.Encryptors) == 0 {
			owners[client.Name] = i
		}
	}
	for i, client := range t.Clients {
		for j, encryptor := range client.Encryptors {
			if err := checkEncryptorName(encryptor.Name); err != nil {
				return flawf(at("clients", i, "encryptors", j, "name"), "client %q: %v", client.Name, err)
			}
			if owner, taken := owners[encryptor.Name]; taken {
				return &flaw{at("clients", i, "encryptors", j, "name"), takenText(encryptor.Name, client, t.Clients[owner])}
			}
			owners[encryptor.Name] = i
		}
	}
	return nil
}

func checkEncryptorName(name string) error {
	if prefix := skip.SAE(""); strings.HasPrefix(name, prefix) {
		return fmt.Errorf("encryptor ID %.64q begins with %q, like the IDs of SKIP systems: use another name", name, prefix)
	}
	return protocol.CheckSAE(name)
}

// takenText explains why client cannot have an encryptor that owner already has.
func takenText(name string, client, owner Client) string {
	switch {
	case len(owner.Encryptors) == 0:
		return fmt.Sprintf("encryptor %.64q of client %q has the name of a client without encryptors, "+
			"which is its own encryptor: rename it, or give client %q an encryptor", name, client.Name, owner.Name)
	case owner.Name == client.Name:
		return fmt.Sprintf("client %q has encryptor %.64q twice: remove one", client.Name, name)
	default:
		return fmt.Sprintf("encryptor %.64q is on client %q and on client %q: remove or rename one",
			name, owner.Name, client.Name)
	}
}

func thresholdFlaw(t *Topology) *flaw {
	k, n := t.Threshold, len(t.Hubs)
	switch {
	case n < 2:
		return flawf(at("hubs"), "there is only one hub, which would know every key: add hubs")
	case k < 2:
		return flawf(at("threshold"), "threshold is %d: set it to at least 2, or else a single hub knows every key", k)
	case k > n:
		return flawf(at("threshold"), "threshold is %d and there are %d hubs: set it to 2 to %d, or add hubs", k, n, n)
	}
	return nil
}

func clientHubsFlaw(t *Topology) *flaw {
	lastUser := make(map[string]int, len(t.Hubs)) // hub name -> 1 + index of the last client that names it
	for _, hub := range t.Hubs {
		lastUser[hub.Name] = 0
	}
	for i, client := range t.Clients {
		if f := hubCountFlaw(t, i); f != nil {
			return f
		}
		for j, hub := range client.Hubs {
			user, known := lastUser[hub]
			if !known {
				return flawf(at("clients", i, "hubs", j), "client %q uses hub %.64q, which does not exist: "+
					"use a name from the list of hubs", client.Name, hub)
			}
			if user == i+1 {
				return flawf(at("clients", i, "hubs", j), "client %q uses hub %q twice: remove one", client.Name, hub)
			}
			lastUser[hub] = i + 1
		}
	}
	return nil
}

func hubCountFlaw(t *Topology, i int) *flaw {
	client, k := t.Clients[i], t.Threshold
	n := len(client.Hubs)
	switch {
	case n > protocol.MaxHubs:
		return flawf(at("clients", i, "hubs"), "client %q uses %d hubs: list at most %d under its %q",
			client.Name, n, protocol.MaxHubs, "hubs")
	case n < 2:
		return flawf(at("clients", i, "hubs"), "client %q uses %d of the hubs and can never make a key: "+
			"list at least %d hubs, or leave the list out to use all", client.Name, n, k)
	case n < k:
		return flawf(at("clients", i, "hubs"), "client %q uses %d hubs, fewer than the threshold of %d%s, and "+
			"can never make a key: set threshold to at most %d, or list more hubs", client.Name, n, k, t.whyThreshold(), n)
	}
	return nil
}

// whyThreshold explains a threshold that is not in the file.
func (t *Topology) whyThreshold() string {
	if t.Threshold != defaultThreshold(len(t.Hubs)) {
		return ""
	}
	return fmt.Sprintf(" (the default for %d hubs)", len(t.Hubs))
}

func psrdFlaw(t *Topology) *flaw {
	p := t.PSRD
	switch {
	case p.BlockSize < minBlockSize || p.BlockSize > protocol.MaxBlockSize:
		return flawf(at("psrd", "block_size"), "block_size is %d bytes: set it to %d to %d",
			p.BlockSize, minBlockSize, protocol.MaxBlockSize)
	case p.LowWater < 1:
		return flawf(at("psrd", "low_water"), "low_water is %d bytes: set it to at least 1", p.LowWater)
	case p.HighWater > maxHighWater:
		return flawf(at("psrd", "high_water"), "high_water is %d bytes: set it to at most %d", p.HighWater, maxHighWater)
	case p.LowWater > p.HighWater:
		return flawf(at("psrd"), "low_water is %d bytes, more than high_water with %d: set both "+
			"(the defaults are %d and %d)", p.LowWater, p.HighWater, defaultPSRD.LowWater, defaultPSRD.HighWater)
	}
	return nil
}

func suiteFlaw(t *Topology) *flaw {
	suite, err := protocol.SuiteNamed(t.Suite)
	switch {
	case err != nil:
		return flawf(at("suite"), "suite is %.64q: set it to %s", t.Suite, strings.Join(protocol.SuiteNames(), " or "))
	case t.KeySource != KeysFromRNG && t.KeySource != KeysFromPSRD:
		return flawf(at("key_source"), "key_source is %.64q: set it to %s or %s", t.KeySource, KeysFromRNG, KeysFromPSRD)
	case t.KeySource == KeysFromPSRD && !protocol.MakesKeysFromPads(suite):
		var able []string
		for _, s := range protocol.Suites {
			if protocol.MakesKeysFromPads(s) {
				able = append(able, s.Name())
			}
		}
		return flawf(at("key_source"), "key_source %s needs suite %s", KeysFromPSRD, strings.Join(able, " or "))
	}
	return nil
}
