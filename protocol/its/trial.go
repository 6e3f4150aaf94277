package its

import (
	"crypto/subtle"
	"slices"
)

// trial is a set of points whose tag is tested, with Lagrange's weights for x = 0.
type trial struct {
	points  []*point
	shares  []Share
	weights []factor
}

// test tests the tag of a set.
func (s *Search) test(set *sets) {
	s.begin(set.set())
	for _, weight := range set.weights[set.size-1] {
		s.trial.weights = append(s.trial.weights, newFactor(weight))
	}
	if len(s.rejected) == 0 || !s.isRejected(s.combination()) {
		s.judge()
	}
}

// fit tests the tag of a set of threshold+1 points if these are on polynomials of degree below the
// threshold, unless other points on the same polynomials have been tested.
//
// A polynomial f through one point more has a degree below the threshold exactly if x·f has a
// degree below that number of points, that is, if the polynomial through the points (x, x·f(x)) is
// 0 at x = 0.
func (s *Search) fit(set *sets) {
	if !set.sum(s.product).isZero() {
		return
	}
	s.begin(set.set()[:s.threshold])
	s.trial.weights = through(s.trial.shares).weights(s.trial.weights, coordinate(secretIndex))
	combination := s.combination()
	if s.isRejected(combination) {
		return
	}
	if s.judge(); !s.found {
		s.rejected = append(s.rejected, combination)
	}
}

// begin makes points the trial, without weights.
func (s *Search) begin(points []*point) {
	s.trial = trial{points, slices.Grow(s.trial.shares[:0], len(points)), slices.Grow(s.trial.weights[:0], len(points))}
	for _, p := range points {
		s.trial.shares = append(s.trial.shares, Share{p.Index, p.Value})
	}
}

// judge checks the tag of the trial.
func (s *Search) judge() {
	s.tried++
	s.found = equal(s.trial.tag(), s.trial.points[0].SecretTag)
}

// combine computes the linear combination f(x) of the coordinates of a point, and x·f(x), unless it
// has done so before.
func (s *Search) combine(p *point) {
	if !p.combined {
		h := horner{c: s.secret}
		h.absorb(p.Value)
		p.value, p.product, p.combined = h.value, h.value.Mul(coordinate(p.Index)), true
	}
}

// product returns x·f(x) for a point.
func (s *Search) product(p *point) Element {
	s.combine(p)
	return p.product
}

// isRejected reports whether a trial with that combination has failed. If so the tag of this one
// would be wrong, too: different vectors have the same combination with a probability of
// (m+3)/2^128.
func (s *Search) isRejected(combination Element) bool {
	found := 0
	for _, r := range s.rejected {
		a, b := r.Bytes(), combination.Bytes()
		found |= subtle.ConstantTimeCompare(a[:], b[:])
	}
	return found == 1
}

// combination returns the linear combination of the vector that the trial reconstructs, f(0).
func (s *Search) combination() Element {
	var sum product
	for i, p := range s.trial.points {
		s.combine(p)
		sum.add(&s.trial.weights[i], p.value)
	}
	return sum.reduce()
}

// tag returns o of the vector that the trial reconstructs, one coordinate at a time.
func (t trial) tag() []byte {
	h := horner{c: newFactor(weighted(t.weights, t.shares, 0))}
	for at := len(t.shares[0].Value) - ElementSize; at >= offsetE; at -= ElementSize {
		h.step(weighted(t.weights, t.shares, at))
	}
	tag := h.value.Add(weighted(t.weights, t.shares, offsetD)).Bytes()
	return tag[:]
}

// key returns the key that the trial reconstructs.
func (t trial) key() []byte {
	key := make([]byte, len(t.shares[0].Value)-offsetS)
	for at := 0; at < len(key); at += ElementSize {
		store(key[at:], weighted(t.weights, t.shares, offsetS+at))
	}
	size := t.points[0].KeySize
	clear(key[size:])
	return key[:size:size]
}

// contains reports whether a point is on the polynomials through the points of the trial.
func (t trial) contains(p *point) bool {
	if slices.Contains(t.points, p) {
		return true
	}
	if !p.agrees(t.points[0].Answer) {
		return false
	}
	value := through(t.shares).at(p.Index)
	defer clear(value)
	return equal(value, p.Value)
}
