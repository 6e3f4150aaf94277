package sim

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"io"
	random "math/rand/v2"
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
		return &lockedReader{reader: random.NewChaCha8(key)}
	}
}

// Text returns a text that nobody can guess, such as a token, and that is never returned twice;
// with a seed, it follows from that, the purpose, and how often there was one for it.
func (n *Network) Text(purpose string) string {
	if n.seeds == nil {
		return rand.Text()
	}
	secret := make([]byte, 16)
	io.ReadFull(n.seeds.random("network")(purpose), secret) // it is a generator, which does not fail
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
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
