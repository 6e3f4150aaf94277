package sim

import (
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"

	"dske/node"
)

// seeds derives the random bytes of every node from one seed. Each purpose of each node has its own
// source, and a new one each time that it asks, so that a restarted node does not repeat itself.
type seeds struct {
	seed uint64
	mu   sync.Mutex
	uses map[string]int
}

// random returns the sources of one node.
func (s *seeds) random(nodePath string) node.Random {
	return func(purpose string) io.Reader {
		s.mu.Lock()
		defer s.mu.Unlock()
		label := nodePath + " " + purpose
		s.uses[label]++
		key := sha256.Sum256(fmt.Appendf(nil, "dske %d %s %d", s.seed, label, s.uses[label]))
		return &lockedReader{reader: rand.NewChaCha8(key)}
	}
}

type lockedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (r *lockedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reader.Read(p)
}
