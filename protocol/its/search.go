package its

import (
	"context"
	"fmt"
	"io"
	"slices"
)

// Search reconstructs a key from answers of which some may be lies. It takes answers as they arrive
// and tries sets of threshold of them until a secret tag matches; no set is tried twice. The key is
// found once there are threshold true answers, in whatever order they arrived. With t lies that
// takes at most C(threshold+t, t) sets; see [LiarsBorne] for what that means.
//
// Sets with the newest answer come first, and sets with a suspect after all others. Before tags are
// tested, the search looks for more than threshold answers on the same polynomials, and tests their
// tag first. For that it compares a random linear combination of the coordinates, which takes as
// long for a large key as for a small one; it finds the key if more than threshold answers are
// true. The coefficients are the powers of an element that is drawn for the search and stays
// secret: liars who knew the combination could falsify what it leaves out. Answers that fit prove
// nothing, since liars can make theirs fit; the tag decides.
//
// A search is for one slave and one key ID; the caller must ensure that. It is not safe for
// concurrent use. The caller must call Close in the end.
type Search struct {
	threshold int
	secret    factor // its powers are the coefficients
	points    []*point
	todo      [4][]*sets // by urgency, the last of each first
	admitted  bool       // suspects are admitted
	tried     int        // sets whose tag was tested
	rejected  []Element  // combinations at x = 0 of points that fitted and were wrong
	trial     trial
	found     bool // the trial gives the key
	atOdds    []int
	checked   int // points that atOdds covers
}

// The lists of work: sets that could fit, and sets whose tag is to be tested.
const (
	toFit = iota
	toFitWithSuspects
	toTest
	toTestWithSuspects
)

// point is an answer that was taken.
type point struct {
	Answer
	place    int        // index in Search.points
	ratios   []Element  // by place of another point: x/(x+x')
	room     [8]Element // for ratios: usually there are no more points
	usable   bool       // well formed
	queued   bool       // sets with it were put on the lists
	combined bool
	value    Element // the linear combination; secret
	product  Element // x times value
}

// NewSearch returns a search with the threshold of the network, which must be the caller's own,
// never one from a message. It reads 16 bytes of random. They need not be reproducible, since they
// have no influence on the key.
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

// Add takes the answer of a hub. Only the first answer of an index counts, whatever it is: the
// bound on wrong keys rests on that. The search keeps the value until Close clears it; the caller
// must not change it in the meantime. Of a refused answer it keeps only the index.
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

// take assigns a place to a point.
func (s *Search) take(p *point) {
	p.place, p.ratios = len(s.points), p.room[:0]
	x := coordinate(p.Index)
	for _, q := range s.points {
		ratio := x.Mul(inverses()[(p.Index+1)^(q.Index+1)])
		p.ratios = append(p.ratios, ratio)
		q.ratios = append(q.ratios, ratio.Add(one)) // x'/(x+x') is 1 + x/(x+x')
	}
	p.ratios = append(p.ratios, Element{})
	s.points = append(s.points, p)
}

// AdmitSuspects lets the search try sets with suspects, present and future, after all other sets.
func (s *Search) AdmitSuspects() {
	s.admitted = true
	for _, p := range s.points {
		if p.usable && !p.queued {
			s.queue(p)
		}
	}
}

// queue puts the sets of p with the points already queued on the lists.
func (s *Search) queue(p *point) {
	p.queued = true
	if s.found {
		return
	}
	var suspects []*point
	others := append(make([]*point, 0, len(s.points)), p) // p is the first of them
	for _, q := range s.points {
		switch {
		case q == p || !q.queued || !q.agrees(p.Answer):
		case q.Suspect:
			suspects = append(suspects, q)
		default:
			others = append(others, q)
		}
	}
	if p.Suspect {
		s.push(toFitWithSuspects, append(others, suspects...), len(s.points))
		return
	}
	s.push(toFit, others, len(s.points))
	if len(suspects) > 0 {
		s.push(toFitWithSuspects, slices.Concat(others[:1], suspects, others[1:]), len(suspects))
	}
}

// push puts sets that have the first of the points, and whose second point is not beyond bound, on
// a list for fitting and on the matching list for testing, if there are enough points for a set.
func (s *Search) push(list int, points []*point, bound int) {
	if len(points) > s.threshold {
		s.todo[list] = append(s.todo[list], &sets{points: points, size: s.threshold + 1, bound: bound})
	}
	list += toTest - toFit
	if len(points) >= s.threshold {
		s.todo[list] = append(s.todo[list], &sets{points: points, size: s.threshold, bound: bound})
	}
}

// Find continues the search and returns the key once it is found, as a copy that belongs to the
// caller. It stops when the context ends, which it checks before each set. It can be called again,
// with more answers or without, and continues from there. For a large key a set takes a while
// (about 50 ms for 2 MiB and threshold 9). So a caller that expects more answers passes a context
// with a short deadline and adds new answers between calls.
//
// Errors: ErrTooFew if there is no set of threshold answers that agree, and ErrTag if no set of
// them matched; more answers or AdmitSuspects can resolve both. If the context ended, its cause,
// wrapped. Without a key nobody can tell who lied.
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

// next returns a list of sets moved on to the next set to try, or nil if there is none.
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

// AtOdds returns the indices, ascending, of all answers so far that are not on the polynomials
// found. They include answers that came later, malformed answers and suspects that were not tried.
// It is nil before the key is found. threshold or more liars who conspire can make an honest hub
// look at odds. So can fewer if they choose lies that cancel out: then the key is right.
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

// Close clears everything that the search holds, including the values of the answers. After that
// the search takes no answers and finds nothing.
func (s *Search) Close() {
	for _, p := range s.points {
		clear(p.Value)
		*p = point{}
	}
	clear(s.rejected)
	*s = Search{}
}
