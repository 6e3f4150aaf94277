package its

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Search reconstructs a key from answers of which some may be lies. It takes the answers as they
// come and tries sets of threshold of them until a secret tag matches; no set is tried twice. The
// key is found once there are threshold true answers, in whatever order they came. With t lies that
// takes C(threshold+t, t) sets at most; see [LiarsBorne] for what that means.
//
// The order is: sets with the newest answer first, those with a suspect after all others. Before
// tags are tested, the search looks for more than threshold answers that lie on the same
// polynomials, whose tag is tested then. It compares a random linear combination of the coordinates
// for that, so this takes as long for a large key as for a small one; it finds the key if more than
// threshold answers are true. The coefficients are the powers of an element that is drawn for the
// search and stays secret: if liars knew a combination they could falsify what it leaves out.
// Answers that fit prove nothing, liars can make theirs fit; the tag decides.
//
// A search is for one slave and one key ID; to see to that is up to the caller. It is not safe for
// concurrent use. Close it in the end.
type Search struct {
	threshold int
	secret    factor // whose powers are the coefficients
	points    []*point
	todo      [4][]*sets // by urgency, the last of each first
	admitted  bool       // suspects are
	tried     int        // sets whose tag was tested
	rejected  []Element  // combinations at x = 0 of what fitted and was wrong
	trial     trial
	found     bool // the trial is the key's
	atOdds    []int
	checked   int // points that atOdds covers
}

// The lists of what is to do: sets that could fit, and sets whose tag is to be tested.
const (
	toFit = iota
	toFitWithSuspects
	toTest
	toTestWithSuspects
)

// point is an answer that was taken.
type point struct {
	Answer
	place    int       // in Search.points
	ratios   []Element // by place of another point, x/(x+x')
	usable   bool      // well formed
	queued   bool      // sets with it were put on the lists
	combined bool
	value    Element // the linear combination; secret
	product  Element // x times value
}

// NewSearch returns a search with the threshold of the network, which must be the caller's own,
// never one from a message. It reads 16 bytes of random, which need not be reproducible: they have
// no influence on the key.
//
// Errors: ErrThreshold unless 2 <= threshold <= 254, and what random returns, wrapped.
func NewSearch(threshold int, random io.Reader) (*Search, error) {
	if err := checkThreshold(threshold); err != nil {
		return nil, err
	}
	var drawn [ElementSize]byte
	defer clear(drawn[:])
	if err := read(drawn[:], random); err != nil {
		return nil, err
	}
	return &Search{threshold: threshold, secret: newFactor(load(drawn[:]))}, nil
}

// Add takes the answer of a hub. The first answer of an index counts, whatever it is: that nobody
// can answer twice is what the bound on wrong keys rests on. The search keeps the value until Close
// clears it; the caller must not change it in the meantime. Of an answer that is refused it keeps
// nothing but the index.
//
// Only answers that agree in key size and secret tag are ever combined.
//
// Errors: ErrShares if the index is not in 0..253 or has answered before, which changes nothing;
// ErrShares or ErrKeySize if the answer is malformed, which counts as the answer of this index and
// as a lie.
func (s *Search) Add(a Answer) error {
	if s.threshold == 0 {
		return fmt.Errorf("%w: the search is closed", ErrShares)
	}
	if err := checkIndices([]int{a.Index}); err != nil {
		return err
	}
	if slices.ContainsFunc(s.points, func(p *point) bool { return p.Index == a.Index }) {
		return fmt.Errorf("%w: index %d has answered before", ErrShares, a.Index)
	}
	if err := a.check(); err != nil {
		s.take(&point{Answer: Answer{Index: a.Index}})
		return err
	}
	p := &point{Answer: a, usable: true}
	s.take(p)
	if !a.Suspect || s.admitted {
		s.queue(p)
	}
	return nil
}

// take gives a point its place.
func (s *Search) take(p *point) {
	p.place = len(s.points)
	x := coordinate(p.Index)
	for _, q := range s.points {
		ratio := x.Mul(inverses()[(p.Index+1)^(q.Index+1)])
		p.ratios = append(p.ratios, ratio)
		q.ratios = append(q.ratios, ratio.Add(one)) // x'/(x+x') is 1 + x/(x+x')
	}
	p.ratios = append(p.ratios, Element{})
	s.points = append(s.points, p)
}

// AdmitSuspects lets the search try sets with suspects, once it has tried all others: those that it
// holds and those that come later.
func (s *Search) AdmitSuspects() {
	s.admitted = true
	for _, p := range s.points {
		if p.usable && !p.queued {
			s.queue(p)
		}
	}
}

// queue puts the sets of p and points that are queued already on the lists.
func (s *Search) queue(p *point) {
	p.queued = true
	if s.found {
		return
	}
	var suspects, others []*point
	for _, q := range s.points {
		switch {
		case q == p || !q.queued || !q.agrees(p.Answer):
		case q.Suspect:
			suspects = append(suspects, q)
		default:
			others = append(others, q)
		}
	}
	first := []*point{p}
	if p.Suspect {
		s.push(toFitWithSuspects, slices.Concat(first, others, suspects), len(s.points))
		return
	}
	s.push(toFit, slices.Concat(first, others), len(s.points))
	s.push(toFitWithSuspects, slices.Concat(first, suspects, others), len(suspects))
}

// push puts sets with the first of the points, and whose second is not beyond bound, on a list for
// fitting and on the one for testing that belongs to it.
func (s *Search) push(list int, points []*point, bound int) {
	s.todo[list] = append(s.todo[list], &sets{points: points, size: s.threshold + 1, bound: bound})
	list += toTest - toFit
	s.todo[list] = append(s.todo[list], &sets{points: points, size: s.threshold, bound: bound})
}

// Find goes on with the search and returns the key, a copy that belongs to the caller, once it is
// found. It ends when the context does, which it looks at before each set; then, and when there are
// more answers, call it again: it goes on where it was. For a large key a set takes a while (50 ms
// for 2 MiB and threshold 9 or so), so rather than wait for the end, somebody who expects more
// answers gives it a context with a deadline that is near and adds what has come.
//
// Errors: ErrTooFew if there is no set of threshold answers that agree and ErrTag if no set of them
// matched, which more answers can mend, or AdmitSuspects; the cause of the context's end, wrapped.
// As long as there is no key nobody can tell who lied.
func (s *Search) Find(ctx context.Context) ([]byte, error) {
	for !s.found {
		if ctx.Err() != nil {
			return nil, s.unfinished(context.Cause(ctx))
		}
		set := s.next()
		switch {
		case set == nil && s.tried == 0:
			return nil, fmt.Errorf("%w of %d", ErrTooFew, s.threshold)
		case set == nil:
			return nil, fmt.Errorf("%w: tried all %d sets of %d shares, and nobody can tell who lied", ErrTag, s.tried, s.threshold)
		case set.size > s.threshold:
			s.fit(set)
		default:
			s.test(set)
		}
	}
	s.todo = [4][]*sets{}
	return s.trial.key(), nil
}

func (s *Search) unfinished(cause error) error {
	return fmt.Errorf("search ended after %d sets of %d of %d shares, and nobody can tell who lied; "+
		"%d lies are found within %d sets, more can take longer: %w",
		s.tried, s.threshold, len(s.points), LiarsBorne(len(s.points), s.threshold), promisedSets, cause)
}

// next returns sets at the next one to try, or nil if there is none.
func (s *Search) next() *sets {
	for list := range s.todo {
		for len(s.todo[list]) > 0 {
			last := len(s.todo[list]) - 1
			if set := s.todo[list][last]; set.next() {
				return set
			}
			s.todo[list][last] = nil
			s.todo[list] = s.todo[list][:last]
		}
	}
	return nil
}

// AtOdds returns the indices, ascending, of all answers so far that are not on the polynomials that
// were found, those that came later, malformed ones and suspects that were not tried included. It
// is nil before the key is found. Liars who conspire can make an honest hub look at odds if they
// are threshold or more, and fewer can choose lies that cancel out: the key is right then.
func (s *Search) AtOdds() []int {
	if !s.found {
		return nil
	}
	for ; s.checked < len(s.points); s.checked++ {
		if p := s.points[s.checked]; !p.usable || !s.trial.contains(p) {
			s.atOdds = append(s.atOdds, p.Index)
		}
	}
	slices.Sort(s.atOdds)
	return slices.Clone(s.atOdds)
}

// Close clears what the search holds, the values of the answers included. The search takes no
// answers and finds nothing after that.
func (s *Search) Close() {
	for _, p := range s.points {
		clear(p.Value)
		*p = point{}
	}
	clear(s.rejected)
	*s = Search{}
}
