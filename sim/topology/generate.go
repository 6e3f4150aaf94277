package topology

import (
	"fmt"
	"slices"
	"strconv"

	"dske/protocol"
	"dske/sim/texts"
)

// Sizes has the numbers of a generated topology.
type Sizes struct {
	Hubs          int // 2 to 4 million
	Clients       int // 1 to 4 million
	HubsPerClient int // 2 to protocol.MaxHubs; 0: all, of which there may then be at most protocol.MaxHubs
	Threshold     int // k, 2 to HubsPerClient; 0: the default, a majority of them
}

// maxGenerated is the maximum number of hubs, and of clients, in a generated topology. More would
// fill the memory before an error could be reported.
const maxGenerated = 4_000_000

// Generate returns a topology of hubs hub1, hub2, …, and clients client1, client2, …, which have
// one encryptor each: sae1, sae2, …. If clients do not use all hubs, the first two use those from
// hub1 on, the next two those from hub2 on, and so on, in a circle: all hubs are used equally, both
// clients of a pair have all their hubs in common, and neighbouring pairs all but one. Blocks and
// pools of PSRD have the default sizes, or smaller ones so that together they take no more than 512
// MiB, but at least 512 bytes. Numbers out of range are an error.
func Generate(sizes Sizes) (*Topology, error) {
	switch perClient := sizes.HubsPerClient; {
	case max(sizes.Hubs, sizes.Clients) > maxGenerated:
		return nil, fmt.Errorf("%d hubs and %d clients are too many: use at most %d of each", sizes.Hubs, sizes.Clients, maxGenerated)
	case perClient < 0 || perClient > max(sizes.Hubs, 0):
		return nil, fmt.Errorf("a client cannot use %d of %d hubs", perClient, sizes.Hubs)
	case perClient == 0 && sizes.Hubs > protocol.MaxHubs:
		return nil, fmt.Errorf("%d hubs are too many: a client can use at most %d; say how many each one uses", sizes.Hubs, protocol.MaxHubs)
	case perClient == 0:
		sizes.HubsPerClient = max(sizes.Hubs, 0)
	}
	t := &Topology{Threshold: sizes.Threshold, PSRD: boundedPSRD(sizes.Clients * sizes.HubsPerClient), Suite: protocol.Suites[0].Name(), KeySource: KeysFromRNG, Enrolment: EnrolmentClosed}
	if t.Threshold == 0 {
		t.Threshold = defaultThreshold(sizes.HubsPerClient)
	}
	for i := range sizes.Hubs {
		t.Hubs = append(t.Hubs, Hub{Name: "hub" + strconv.Itoa(i+1)})
	}
	t.addClients(max(sizes.Clients, 0), sizes.HubsPerClient)
	if err := t.Validate(); err != nil {
		return nil, err
	}
	return t, nil
}

// boundedPSRD returns the default sizes for so many associations of a client with a hub, each with
// four pools at both ends, or smaller ones if that would be too much.
func boundedPSRD(associations int) PSRD {
	const bound, least = 512 << 20, 512
	psrd := defaultPSRD
	for psrd.HighWater > least && 8*psrd.HighWater*associations > bound {
		psrd = PSRD{BlockSize: psrd.BlockSize / 2, LowWater: psrd.LowWater / 2, HighWater: psrd.HighWater / 2}
	}
	return psrd
}

// addClients adds clients with one encryptor each. There may be millions, so they share what they
// can.
func (t *Topology) addClients(number, hubsPerClient int) {
	var names texts.Texts
	encryptors := make([]Encryptor, number)
	windows := windowsOf(t.hubNames(), hubsPerClient)
	t.Clients = make([]Client, number)
	for i := range t.Clients {
		encryptors[i].Name = names.Join("sae", strconv.Itoa(i+1))
		t.Clients[i] = Client{
			Name:       names.Join("client", strconv.Itoa(i+1)),
			Encryptors: encryptors[i : i+1 : i+1],
			Hubs:       windows[i/2%len(windows)],
		}
	}
}

// windowsOf returns size of the hubs from each of them on, in a circle, all in the order of the
// topology.
func windowsOf(all []string, size int) [][]string {
	n := len(all)
	if size == n { // also if there are none
		return [][]string{all}
	}
	windows := make([][]string, n)
	for start := range windows {
		if end := start + size; end <= n {
			windows[start] = all[start:end:end]
		} else {
			windows[start] = slices.Concat(all[:end-n], all[start:])
		}
	}
	return windows
}
