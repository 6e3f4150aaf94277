package scenario

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"testing"
	"testing/synctest"

	"dske/protocol"
)

// without is suite its without one of its measures. It exists only in tests.
type without struct {
	protocol.Suite
	rules func(*protocol.Rules)
}

func (s without) Rules() protocol.Rules {
	rules := s.Suite.Rules()
	s.rules(&rules)
	return rules
}

func withoutRule(change func(*protocol.Rules)) protocol.Suite { return without{protocol.ITS, change} }

// unbound does not bind a response to its request.
type unbound struct{ protocol.Suite }

func (unbound) ResponseContext(protocol.Response) protocol.Context { return protocol.Context{} }

// common gives all slaves of a key the same C, D and E, and so the same tag.
type common struct{ protocol.Suite }

func (s common) Split(key protocol.Secret, threshold int, numbers []int, slaves int, random io.Reader) ([]protocol.Share, error) {
	const triple = 48
	shares, err := s.Suite.Split(key, threshold, numbers, 1, random)
	for i, share := range shares {
		value := share.Value.Reveal()
		all := append(bytes.Repeat(value[:triple], slaves), value[triple:]...)
		shares[i].Value = protocol.NewSecret(all)
		shares[i].Terms.SecretTag = bytes.Repeat(share.Terms.SecretTag, slaves)
	}
	return shares, err
}

// trusting takes the threshold from the messages.
type trusting struct{ protocol.Suite }

func (s trusting) NewSearch(_ int, random io.Reader) (protocol.Search, error) {
	return &trustingSearch{suite: s.Suite, random: random, searches: map[int]protocol.Search{}}, nil
}

// trustingSearch has a search for each threshold in a message.
type trustingSearch struct {
	suite    protocol.Suite
	random   io.Reader
	searches map[int]protocol.Search
}

func (s *trustingSearch) Add(share protocol.Share, suspect bool) error {
	k := share.Terms.Threshold
	if s.searches[k] == nil {
		search, err := s.suite.NewSearch(k, s.random)
		if err != nil {
			return err
		}
		s.searches[k] = search
	}
	return s.searches[k].Add(share, suspect)
}

func (s *trustingSearch) AdmitSuspects() {
	for _, search := range s.searches {
		search.AdmitSuspects()
	}
}

func (s *trustingSearch) Find(ctx context.Context) (key protocol.Secret, err error) {
	for _, search := range s.searches {
		if key, err = search.Find(ctx); err == nil {
			return key, nil
		}
	}
	return key, err
}

func (s *trustingSearch) AtOdds() []int { return nil }

func (s *trustingSearch) Close() {
	for _, search := range s.searches {
		search.Close()
	}
}

// Each measure of the suite prevents attacks of the collection that succeed without it. The lines
// with [!safe] in their scripts show what they then achieve.
func TestAttacksBite(t *testing.T) {
	for measure, test := range map[string]struct {
		suite   protocol.Suite
		attacks []string
	}{
		"binding":         {unbound{protocol.ITS}, []string{"swapped-answers", "key-of-mallory", "acknowledged-by-nobody"}},
		"purposes":        {withoutRule(func(r *protocol.Rules) { r.Purposes = false }), []string{"forged-answers", "forged-posts", "readdressed"}},
		"slots":           {withoutRule(func(r *protocol.Rules) { r.Slots = false }), []string{"key-in-pieces"}},
		"index":           {withoutRule(func(r *protocol.Rules) { r.Numbered = false }), []string{"claimed-index"}},
		"own threshold":   {trusting{protocol.ITS}, []string{"own-threshold"}},
		"triples":         {common{protocol.ITS}, []string{"fellow-slave"}},
		"store by master": {withoutRule(func(r *protocol.Rules) { r.ByMaster = false }), []string{"squatted-id"}},
		"signed refusals": {withoutRule(func(r *protocol.Rules) { r.Refusals = false }), []string{"forged-errors"}},
	} {
		for _, attack := range test.attacks {
			t.Run(measure+"/"+attack, func(t *testing.T) {
				name := filepath.Join(collection, "attack-"+attack+".txtar")
				text := files(t)[name]
				synctest.Test(t, func(t *testing.T) {
					if r := Run(t.Context(), name, text, Options{suite: test.suite, psrd: poolsFor(text)}); r.Failed() {
						t.Error(print(r, true))
					}
				})
			})
		}
	}
}
