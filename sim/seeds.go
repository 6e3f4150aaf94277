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
// source, and a new one at each request, so that a restarted node does not repeat itself. The
// number of requests is stored on the disk, if there is one.
type seeds struct {
	seed  uint64
	store *store.Store // nil: none

	mu   sync.Mutex
	uses map[string]int64
	kept map[string]int64 // uses that are stored on the disk, ahead of need
}

// usesAhead is how far the stored number is ahead, so that not every use waits for the disk.
const usesAhead = 64

// recall continues after all uses that a store knows of.
func (s *seeds) recall(from *store.Store) {
	s.store = from
	from.View(func(state *store.State) {
		for label, times := range state.Drawn {
			s.uses[label], s.kept[label] = times, times
		}
	})
}

// use returns the number of this use of a label, counted from 1, once no later use can get the same
// number.
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

// Text returns an unguessable text, such as a token, and never the same one twice. With a seed, it
// derives from the seed, the purpose, and how often there was one for that purpose, as long as the
// network's disk does not fail.
func (n *Network) Text(purpose string) string {
	if n.seeds == nil {
		return rand.Text()
	}
	secret := make([]byte, 16)
	if _, err := io.ReadFull(n.seeds.random("network")(purpose), secret); err != nil {
		return rand.Text() // the disk cannot count this use; a random text cannot come again
	}
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// failing is a source that always fails.
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
