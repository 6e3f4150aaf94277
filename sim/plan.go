package sim

import (
	"time"

	"dske/protocol"
	"dske/sim/topology"
)

// What a network takes besides its PSRD. The memory was measured, and a test holds it; the times
// are those of the machine in the README's benchmarks, and others may differ.
const (
	memoryOfHub         = 19400 // bytes
	memoryOfSleeper     = 1760  // of a client that sleeps, with its hubs
	memoryOfClient      = 7500  // of one that does not
	memoryOfAssociation = 4300  // both ends

	timeOfSleeper     = 4 * time.Microsecond
	timeOfClient      = 50 * time.Microsecond // over loopback
	timeOfAssociation = 70 * time.Microsecond
	timeOfBlock       = 75 * time.Microsecond
	timeOfByte        = 7 * time.Nanosecond // of a block
)

// Plan is what a network will take, by formula.
type Plan struct {
	Associations int           // of a client with a hub
	Pools        int           // of an association, at each end
	PoolSize     int           // bytes in each of them when it is filled
	PSRD         int64         // bytes in all pools at the start
	PSRDInUse    int64         // and when every association is in use; more than PSRD if pools are filled lazily
	Memory       int64         // bytes in use at the start, PSRD included
	Ready        time.Duration // from the start until every client is ready

	// For keys of 256 bits:
	KeysPerClient int // that a client can make, or fetch, before it needs more PSRD than it has when its pools are full
	PSRDPerKey    int // bytes used up for a key at one client and its delivery at another, with the most hubs that a client has
}

// PlanOf returns the plan for a valid topology of nodes that keep nothing on disks.
func PlanOf(t *topology.Topology) (Plan, error) {
	suite, err := protocol.SuiteNamed(t.Suite)
	if err != nil {
		return Plan{}, err
	}
	hubs := 0
	p := Plan{}
	for _, c := range t.Clients {
		p.Associations += len(c.Hubs)
		hubs = max(hubs, len(c.Hubs))
	}
	inPool := (t.PSRD.HighWater + t.PSRD.BlockSize - 1) / t.PSRD.BlockSize
	p.PoolSize = inPool * t.PSRD.BlockSize
	p.Pools = 2 * len(protocol.PurposesOf(suite))
	p.PSRDInUse = 2 * int64(p.Pools) * int64(p.PoolSize) * int64(p.Associations)
	blocks := 0
	if !t.PSRD.Lazy && t.PSRD.Files == 0 {
		p.PSRD = p.PSRDInUse
		blocks = p.Pools * inPool * p.Associations
	}
	p.Memory = int64(len(t.Hubs)) * memoryOfHub
	if clientsSleep(t) {
		p.Memory += int64(len(t.Clients)) * memoryOfSleeper
		p.Ready = time.Duration(len(t.Clients)) * timeOfSleeper
	} else {
		p.Memory += p.PSRD + int64(len(t.Clients))*memoryOfClient + int64(p.Associations)*memoryOfAssociation
		p.Ready = time.Duration(len(t.Clients))*timeOfClient + time.Duration(p.Associations)*timeOfAssociation +
			time.Duration(blocks)*(timeOfBlock+time.Duration(t.PSRD.BlockSize)*timeOfByte)
	}
	// A share costs its pad and a signing key of the pool of the side that sends it, and a signing
	// key of the other pool for the message that asks for it or the answer to it.
	const key, signature = 32, protocol.SigningKeySize
	share := suite.ShareSize(key, 1)
	p.KeysPerClient = p.PoolSize / (share + signature)
	if suite.Rules().Purposes {
		p.KeysPerClient = min(p.PoolSize/share, p.PoolSize/signature)
	}
	p.PSRDPerKey = hubs * 2 * (share + 2*signature)
	return p, nil
}
