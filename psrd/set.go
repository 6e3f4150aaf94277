package psrd

import "github.com/bits-and-blooms/bitset"

// set is a set of positions in a block. Blocks are used from the start, so it usually has all
// positions below some end and no others. The zero value is empty.
type set struct {
	end  uint           // all positions below it are in the set; it is not
	rest *bitset.BitSet // the positions above end; below it means nothing; nil: there have been none
}

// overlaps reports whether a position in from..to-1 is in the set.
func (s *set) overlaps(from, to uint) bool {
	return from < min(s.end, to) || s.rest != nil && s.rest.OnesBetween(from, to) > 0
}

// has reports whether a position is in the set.
func (s *set) has(position uint) bool { return s.overlaps(position, position+1) }

// add adds from..to-1, none of which is in the set.
func (s *set) add(from, to uint) {
	if from != s.end {
		s.others().SetRange(from, to)
		return
	}
	s.end = to
	s.end = s.free(to)
}

// remove removes from..to-1, all of which are in the set.
func (s *set) remove(from, to uint) {
	switch {
	case to == s.end && s.rest == nil:
		s.end = from
		return
	case from < s.end:
		s.others().SetRange(from, s.end)
		s.end = from
	}
	s.rest.FlipRange(from, to)
}

// others returns rest, and makes it if there is none.
func (s *set) others() *bitset.BitSet {
	if s.rest == nil {
		s.rest = new(bitset.BitSet)
	}
	return s.rest
}

// free returns the first position that is not in the set, from a position on.
func (s *set) free(from uint) uint {
	from = max(from, s.end)
	if s.rest == nil {
		return from
	}
	if position, found := s.rest.NextClear(from); found {
		return position
	}
	return max(from, s.rest.Len())
}

// next returns the first position of the set from a position on.
func (s *set) next(from uint) (position uint, found bool) {
	switch {
	case from < s.end:
		return from, true
	case s.rest == nil:
		return 0, false
	default:
		return s.rest.NextSet(from)
	}
}

// over returns the first position from which on none is in the set.
func (s *set) over() uint {
	if s.rest != nil {
		if last, found := s.rest.PreviousSet(max(s.rest.Len(), 1) - 1); found {
			return max(s.end, last+1)
		}
	}
	return s.end
}
