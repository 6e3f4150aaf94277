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
	"dske/node/store"
)

// seeds derives the random bytes of every node from one seed. Each purpose of each node has its own
// source, and a new one each time that it asks, so that a restarted node does not repeat itself.
// How often it did is kept on the disk, if there is one.
type seeds struct {
	seed  uint64
	store *store.Store // nil: none

	mu   sync.Mutex
	uses map[string]int64
	kept map[string]int64 // uses that are on the disk, ahead of need
}

// usesAhead is how far what is on the disk goes ahead, so that not every use waits for it.
const usesAhead = 64

// recall goes on after all uses that a store knows of.
func (s *seeds) recall(from *store.Store) {
	s.store = from
	from.View(func(state *store.State) {
		for label, times := range state.Drawn {
			s.uses[label], s.kept[label] = times, times
		}
	})
}

// use returns which use of a label this is, counted from 1, when nobody can count it again.
func (s *seeds) use(label string) (int64, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	use := s.uses[label] + 1
	if s.store != nil && use > s.kept[label] {
		if err := s.store.Commit(&store.Drawn{Stream: label, Times: use + usesAhead}); err != nil {
			return 0, err
		}
		s.kept[label] = use + usesAhead
	}
	s.uses[label] = use
	return use, nil
}

// random returns the sources of one node.
func (s *seeds) random(nodePath string) node.Random {
	return func(purpose string) io.Reader {
		label := nodePath + " " + purpose
		use, err := s.use(label)
		if err != nil {
			return failing{err}
		}
		key := sha256.Sum256(fmt.Appendf(nil, "dske %d %s %d", s.seed, label, use))
		return &lockedReader{reader: random.NewChaCha8(key)}
	}
}

// Text returns a text that nobody can guess, such as a token, and that is never returned twice;
// with a seed, it follows from that, the purpose, and how often there was one for it, as far as the
// network's disk does not fail.
func (n *Network) Text(purpose string) string {
	if n.seeds == nil {
		return rand.Text()
	}
	secret := make([]byte, 16)
	if _, err := io.ReadFull(n.seeds.random("network")(purpose), secret); err != nil {
		return rand.Text() // the disk cannot count it: it does not follow from the seed, so that it does not come again
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// failing is a source that cannot be used.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type lockedReader struct {
	mu     sync.Mutex
	reader io.Reader
}

func (r *lockedReader) Read(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reader.Read(p)
}
