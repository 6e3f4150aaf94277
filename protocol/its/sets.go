package its

// sets walks through sets of points in lexicographic order, each once, and can stop and continue at
// any time. With each set it keeps Lagrange's weights for x = 0. It reuses those of the previous
// set for the points that both begin with: sets go depth first, since most differ only in the last
// points. All of this is public.
type sets struct {
	points  []*point // the first one is in every set
	size    int      // points per set, 2 to the number of points
	bound   int      // maximum place in points of the second point of a set, at least 1
	chosen  []int    // places in points, ascending; none before the first set
	weights [][]Element
}

// next moves on to the next set, and reports whether there is one.
func (s *sets) next() bool {
	if s.chosen == nil {
		s.begin()
		return true
	}
	last := len(s.points) - s.size
	depth := s.size - 1
	for depth > 0 && s.chosen[depth] == last+depth {
		depth--
	}
	if depth == 0 || depth == 1 && s.chosen[1] == s.bound {
		return false
	}
	s.chosen[depth]++
	for i := depth + 1; i < s.size; i++ {
		s.chosen[i] = s.chosen[i-1] + 1
	}
	s.weigh(depth)
	return true
}

// begin makes the first set.
func (s *sets) begin() {
	s.chosen = make([]int, s.size)
	s.weights = make([][]Element, s.size)
	for i := range s.chosen {
		s.chosen[i] = i
		s.weights[i] = make([]Element, i+1)
	}
	s.weights[0][0] = one
	s.weigh(1)
}

// weigh computes the weights from a depth on. Another point p changes the weight of each point q by
// the factor x_p/(x_p+x_q), and its own weight is the product of all x_q/(x_q+x_p).
func (s *sets) weigh(from int) {
	for depth := from; depth < s.size; depth++ {
		p := s.points[s.chosen[depth]]
		weights, own := s.weights[depth], one
		for i, weight := range s.weights[depth-1] {
			q := s.points[s.chosen[i]]
			weights[i] = weight.Mul(p.ratios[q.place])
			own = own.Mul(q.ratios[p.place])
		}
		weights[depth] = own
	}
}

// sum returns the sum of value over the points of the set, each times its weight.
func (s *sets) sum(value func(*point) Element) Element {
	var sum product
	for i, weight := range s.weights[s.size-1] {
		f := newFactor(weight)
		sum.add(&f, value(s.points[s.chosen[i]]))
	}
	return sum.reduce()
}

// set returns the points of the set.
func (s *sets) set() []*point {
	set := make([]*point, s.size)
	for i, c := range s.chosen {
		set[i] = s.points[c]
	}
	return set
}
