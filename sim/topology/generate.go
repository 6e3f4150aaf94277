package topology

import (
	"fmt"
	"strconv"
)

// Generate returns a topology of hubs hub1, hub2, …, and clients client1, client2, …, which use all
// hubs and have one encryptor each: sae1, sae2, …. It has 2 to MaxHubs hubs and at least one client.
// The threshold k is 2 to hubs, or 0 for the default of floor(hubs/2)+1. Numbers out of range are an
// error.
func Generate(hubs, clients, threshold int) (*Topology, error) {
	if hubs > MaxHubs {
		return nil, fmt.Errorf("%d hubs are too many: a client can use at most %d", hubs, MaxHubs)
	}
	t := &Topology{Threshold: threshold, PSRD: defaultPSRD, Suite: SuitePython, KeySource: KeysFromRNG}
	if threshold == 0 {
		t.Threshold = defaultThreshold(hubs)
	}
	for i := range hubs {
		t.Hubs = append(t.Hubs, Hub{Name: numbered("hub", i)})
	}
	all := t.hubNames()
	for i := range clients {
		t.Clients = append(t.Clients, Client{
			Name:       numbered("client", i),
			Encryptors: []Encryptor{{Name: numbered("sae", i)}},
			Hubs:       all,
		})
	}
	if err := t.Validate(); err != nil {
		return nil, err
	}
	return t, nil
}

// numbered counts from 1, as people do.
func numbered(kind string, i int) string { return kind + strconv.Itoa(i+1) }
