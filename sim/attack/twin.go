package attack

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/protocol"
	"dske/sim"
	"dske/sim/adversary"
	"dske/sim/exchange"
	"dske/sim/topology"
)

// mallory is the name of the attacker's client and encryptor.
const mallory = "mallory"

// twin is a network in memory on which an attack is tried: the hubs of a pair, its two clients, and
// mallory.
type twin struct {
	network   *sim.Network
	adversary *adversary.Adversary
	pair      pair
	suite     protocol.Suite
	stop      func()
}

// newTwin starts a twin. The owned hubs are broken into.
func newTwin(ctx context.Context, p pair, suite protocol.Suite, owned []string) (*twin, error) {
	n, err := sim.New(sim.Config{Topology: twinTopology(p, suite), Transport: sim.Memory})
	if err != nil {
		return nil, err
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.Run(running)
	}()
	t := &twin{n, adversary.New(suite, p.threshold), p, suite, func() { cancel(); <-ended }}
	if err := n.WaitReady(ctx); err != nil {
		t.stop()
		return nil, err
	}
	n.Wire().Tap(t.adversary.Tap)
	for _, hub := range owned {
		breakInto(n, t.adversary, hub)
	}
	return t, nil
}

func twinTopology(p pair, suite protocol.Suite) *topology.Topology {
	t := &topology.Topology{
		Threshold: p.threshold, Suite: suite.Name(), KeySource: topology.KeysFromRNG,
		PSRD: topology.PSRD{BlockSize: 4096, LowWater: 1024, HighWater: 4096},
	}
	for _, hub := range p.hubs {
		t.Hubs = append(t.Hubs, topology.Hub{Name: hub})
	}
	ends := map[string][]topology.Encryptor{}
	ends[p.masterAt] = append(ends[p.masterAt], topology.Encryptor{Name: p.master})
	ends[p.slaveAt] = append(ends[p.slaveAt], topology.Encryptor{Name: p.slave})
	ends[mallory] = []topology.Encryptor{{Name: mallory}}
	for _, name := range []string{p.masterAt, p.slaveAt, mallory} {
		if encryptors := ends[name]; encryptors != nil {
			t.Clients = append(t.Clients, topology.Client{Name: name, Encryptors: encryptors, Hubs: p.hubs})
			delete(ends, name)
		}
	}
	return t
}

// try tries the attack that fits what the attacker controls.
func (t *twin) try(ctx context.Context, owns Owns, v *Verdict, book *exchange.Book) error {
	switch {
	case owns.Links == act && owns.Client:
		return t.replace(ctx, v, book)
	case owns.Links == act:
		return t.swap(ctx, v)
	}
	return t.listen(ctx, owns, v)
}

// listen makes a key, and determines what the attacker can compute of it.
func (t *twin) listen(ctx context.Context, owns Owns, v *Verdict) error {
	key, err := t.make(ctx, t.pair.master)
	if err != nil {
		return err
	}
	if _, err := t.fetch(ctx, t.pair.master, key.ID); err != nil {
		return err
	}
	if err := t.network.WaitIdle(ctx); err != nil { // shares that the key did not need may still be under way
		return err
	}
	known, k := len(t.adversary.Known(key.ID)), t.pair.threshold
	switch {
	case t.adversary.Attack(key.ID).Recovered():
		v.Verdict, v.Reason = "Key known", fmt.Sprintf("%s hubs are the threshold.", word(k))
	case known == k-1 && t.suite == protocol.Python:
		v.Verdict, v.Reason = "Can test guesses", "A 4-byte digest tells whether a guess is wrong. A random key stands, a guessable one falls."
	case known > 0:
		v.Verdict, v.Reason = "Nothing learnt", fmt.Sprintf("%d of %d shares of a new key, whatever he can compute.", known, k)
	case owns.Links == listen:
		v.Verdict, v.Reason = "Nothing learnt", "Sealed shares tell nothing."
	default:
		v.Verdict, v.Reason = "Nothing learnt", "A client of his own gets only keys that are meant for it."
	}
	return nil
}

// make makes a key of the master for the slave.
func (t *twin) make(ctx context.Context, master string) (etsi.Key, error) {
	keys, err := t.sae(master, t.clientOf(master)).GetKey(ctx, t.pair.slave, etsi.KeyRequest{})
	if err != nil {
		return etsi.Key{}, err
	}
	return keys[0], nil
}

// fetch fetches a key for the slave.
func (t *twin) fetch(ctx context.Context, master string, id uuid.UUID) (etsi.Key, error) {
	keys, err := t.sae(t.pair.slave, t.pair.slaveAt).GetKeyWithKeyIDs(ctx, master, id)
	if err != nil {
		return etsi.Key{}, err
	}
	return keys[0], nil
}

func (t *twin) clientOf(encryptor string) string {
	if encryptor == mallory {
		return mallory
	}
	return t.pair.masterAt
}

func (t *twin) sae(name, client string) *etsi.Client {
	return &etsi.Client{URL: sim.KMEURL(t.network.URL(), client), SAE: name, HTTP: &http.Client{Transport: t.network.Wire().Direct("sae/" + name)}}
}
