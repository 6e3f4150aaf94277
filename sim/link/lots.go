package link

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// The purposes of random draws. Losses come last: there is one purpose for each attempt.
const (
	latencyLot = iota
	secondLatencyLot
	jitterLot
	burstLot
	lossLot
)

// lots is the random source of a direction. It has no state: the draw for a message and a purpose
// is always the same.
type lots [2]uint64

func newLots(seed uint64, from, to string) lots {
	key := sha256.Sum256(fmt.Appendf(nil, "dske link %d %q %q", seed, from, to))
	return lots{binary.BigEndian.Uint64(key[:8]), binary.BigEndian.Uint64(key[8:16])}
}

// draw returns a uniform number in [0, 1) for the n-th message.
func (l lots) draw(n, purpose uint64) float64 {
	return float64(mix(mix(l[0]+n*0x9e3779b97f4a7c15)^(l[1]+purpose*0xd1b54a32d192ed03))>>11) / (1 << 53)
}

// mix is the last step of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014), which turns a counter
// into a pseudorandom number.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
