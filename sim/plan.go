package sim

import (
	"time"

	"dske/protocol"
	"dske/sim/topology"
)

// The cost of a network besides its PSRD. The memory was measured, and tests check it. The times
// are those of the machine of the README's benchmarks.
const (
	memoryOfNetwork     = 300000 // bytes
	memoryOfHub         = 19400  // bytes
	memoryOfSleeper     = 550    // bytes; of a sleeping client, with its hubs
	memoryOfClient      = 2600   // bytes; of any other client
	memoryOfAssociation = 3200   // bytes; both ends

	timeOfSleeper     = 4 * time.Microsecond
	timeOfClient      = 50 * time.Microsecond // over loopback
	timeOfAssociation = 70 * time.Microsecond
	timeOfBlock       = 75 * time.Microsecond
	timeOfByte        = 7 * time.Nanosecond // per byte of a block
)

// Plan is the expected cost of a network, by formula.
type Plan struct {
	Associations int           // pairs of a client and a hub
	Pools        int           // per association, at each end
	PoolSize     int           // bytes in each pool when filled
	PSRD         int64         // bytes in all pools at the start
	PSRDInUse    int64         // bytes when every association is in use; more than PSRD if pools are filled lazily
	Memory       int64         // bytes in use at the start, PSRD included
	Garbage      int64         // bytes of garbage that there may be beside them
	Ready        time.Duration // from the start until every client is ready

	// For keys of 256 bits:
	KeysPerClient int // keys that a client can make, or fetch, from full pools
	PSRDPerKey    int // bytes used for a key at one client and its delivery at another, with the largest number of hubs of a client
}

// PlanOf returns the plan for a valid topology whose nodes do not use disks.
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
	p.Memory = memoryOfNetwork + int64(len(t.Hubs))*memoryOfHub
	if clientsSleep(t) {
		p.Memory += int64(len(t.Clients)) * memoryOfSleeper
		p.Ready = time.Duration(len(t.Clients)) * timeOfSleeper
	} else {
		p.Memory += p.PSRD + int64(len(t.Clients))*memoryOfClient + int64(p.Associations)*memoryOfAssociation
		p.Ready = time.Duration(len(t.Clients))*timeOfClient + time.Duration(p.Associations)*timeOfAssociation +
			time.Duration(blocks)*(timeOfBlock+time.Duration(t.PSRD.BlockSize)*timeOfByte)
	}
	p.Garbage = garbageFor(p.Memory)
	// A share costs its pad and a signing key from the pool of its sender, and a signing key from
	// the other pool for the request or the answer.
	const key, signature = 32, protocol.SigningKeySize
	share := suite.ShareSize(key, 1)
	p.KeysPerClient = p.PoolSize / (share + signature)
	if suite.Rules().Purposes {
		p.KeysPerClient = min(p.PoolSize/share, p.PoolSize/signature)
	}
	p.PSRDPerKey = hubs * 2 * (share + 2*signature)
	return p, nil
}
