package its

import (
	"slices"
	"testing"
)

// Shows why the premises about answers are needed, by trying everything in small fields. The
// premises are that every hub answers once, and at the place of the hub, not one from the message.
// With k = 2, one liar alone and a key of one block, an answer at another place makes the
// reconstructed vector αY+β instead of Y+β. No more pairs of C and E let that pass than let a shift
// pass. With k = 3 there are places where α is 0: the liar chooses the vector, and all pairs pass.
func TestAnswersAtOtherPlaces(t *testing.T) {
	const q = 8
	table := tags(gf8, 1, q)
	var passing [q]int // by α
	for alpha := range q {
		passing[alpha] = mostPassing(gf8, table, alpha)
	}
	most := [4]int{} // by k
	for liar := 1; liar < q; liar++ {
		for _, known := range append([]int{0}, others(q, liar)...) { // the share of a second liar that is not asked
			for _, honest := range honestSets(q, liar, known) {
				for _, claimed := range others(q, honest...) {
					k := len(honest) + 1
					alpha := dependence(gf8, nonzero(liar, known), honest, claimed)
					if claimed == liar && alpha != 1 {
						t.Fatalf("liar %d at its own place: the vector is %d·Y+β", liar, alpha)
					}
					most[k] = max(most[k], passing[alpha])
				}
			}
		}
	}
	// Of q·q pairs of C and E. The bound for shifts is (m+1)·q.
	if most != [4]int{2: 2 * q, 3: q * q} {
		t.Errorf("at most %v pass, by threshold", most)
	}
	if passing[0] != q*q || passing[1] != 2*q || slices.Max(passing[2:]) != 2*q-1 {
		t.Errorf("at most %v pass, by α", passing)
	}
}

// others returns the numbers in 1..q-1 that are not in taken.
func others(q int, taken ...int) []int {
	var list []int
	for x := 1; x < q; x++ {
		free := true
		for _, y := range taken {
			free = free && x != y
		}
		if free {
			list = append(list, x)
		}
	}
	return list
}

func nonzero(list ...int) []int {
	if list[1] == 0 {
		return list[:1]
	}
	return list
}

// honestSets returns the honest hubs that complete a set with one liar: one hub, or two if the
// share of a second liar is known, so that the threshold is 3.
func honestSets(q, liar, known int) [][]int {
	var sets [][]int
	for _, a := range others(q, liar, known) {
		if known == 0 {
			sets = append(sets, []int{a})
			continue
		}
		for _, b := range others(q, liar, known, a) {
			sets = append(sets, []int{a, b})
		}
	}
	return sets
}

// dependence returns α: the value reconstructed at 0 from honest points and the value 0 at a
// claimed place, for the polynomial that is 1 at 0 and 0 at the places whose shares are known.
func dependence(f field[int], known, honest []int, claimed int) int {
	points := map[int]int{claimed: 0}
	for _, x := range honest {
		points[x] = 1
		for _, y := range known {
			points[x] = f.mul(points[x], f.divide(x^y, y))
		}
	}
	return f.atZero(points)
}

// atZero returns the value at 0 of the polynomial of lowest degree through points, by x.
func (f field[E]) atZero(points map[E]E) E {
	var sum, zero E
	for x, y := range points {
		for other := range points {
			if other != x {
				y = f.mul(y, f.divide(f.add(zero, other), f.add(x, other)))
			}
		}
		sum = f.add(sum, y)
	}
	return sum
}

// mostPassing returns the maximum number of pairs of C and E for which αY+β passes with a wrong key
// of one block, over all keys, tags o, known to the liar, and β. o and the value added to D count
// together.
func mostPassing(f field[int], table []int, alpha int) int {
	q := 1 << f.bits
	most := 0
	for key := range q {
		for shift := range q * q * q {
			addC, addE, wrong := shift%q, shift/q%q, shift/q/q
			if wrong == key {
				continue
			}
			var passing [8]int
			for c := range q {
				for e := range q {
					before := f.mul(alpha, table[(c*q+e)*q+key])
					after := table[((f.mul(alpha, c)^addC)*q+(f.mul(alpha, e)^addE))*q+wrong]
					passing[before^after]++
				}
			}
			for _, count := range passing {
				most = max(most, count)
			}
		}
	}
	return most
}

// If the threshold is 2, two answers of one liar at two places are a set of their own: any key with
// any tag passes, always. So a search takes one answer per index, and its caller uses the index of
// the hub that it asked.
func TestTwoAnswersOfOneHubMakeAnyKey(t *testing.T) {
	for _, f := range []field[int]{gf4, gf8} {
		q := 1 << f.bits
		for tag := range q {
			for wrong := range q {
				vector := []int{1, 0, 1, wrong}
				vector[1] = tag ^ f.tag(vector[0], 0, vector[2], vector[3:])
				var got []int
				for _, y := range vector { // the lies are on the constant polynomial
					got = append(got, f.atZero(map[int]int{1: y, 2: y}))
				}
				if f.tag(got[0], got[1], got[2], got[3:]) != tag || got[3] != wrong {
					t.Fatalf("field of %d, tag %d: key %d does not pass", q, tag, wrong)
				}
			}
		}
	}
}

// The same with the code under test.
func TestTwoAnswersOfOneHubAgainstCombine(t *testing.T) {
	answers := lyingAnswers(t, 16, 2, 3, 0)
	lie := make([]byte, ShareSize(16, 1))
	copy(lie[offsetS:], "the liar's key..")
	store(lie[offsetD:], load(tagsOf(lie, 1)[0]).Add(load(answers[0].SecretTag)))
	for i := range 2 {
		answers[i].Value = lie
	}
	if key, err := Combine(2, answers); err != nil || string(key) != "the liar's key.." {
		t.Errorf("got %q, %v", key, err)
	}
}

// α is 0 in the field of the suite, too. Hubs 0 and 1 lie, k is 3, and one of them answers in the
// place of hub 2. With the honest answers of hubs 3 and 6 that is a set with a key of the liar's
// choice. The liar knows two shares and o, and neither the key nor anything of the other hubs.
func TestAnswerAtAnotherPlaceAgainstCombine(t *testing.T) {
	answers := lyingAnswers(t, 16, 3, 7, 0)
	tag := answers[0].SecretTag

	// The vector that the liar wants, with the tag o.
	vector := make([]byte, ShareSize(16, 1))
	copy(vector[offsetS:], "the liar's key..")
	store(vector[offsetD:], load(tagsOf(vector, 1)[0]).Add(load(tag)))

	// The effect of its own shares on the set, with any vector: here zeros.
	known := through([]Share{{0, answers[0].Value}, {1, answers[1].Value}, {secretIndex, make([]byte, len(vector))}})
	claim := make([]byte, len(vector))
	set := through([]Share{{3, known.at(3)}, {6, known.at(6)}, {2, claim}})
	made := set.at(secretIndex)
	overWeight := one
	for _, honest := range []int{3, 6} {
		x := coordinate(2).Add(coordinate(honest))
		overWeight = overWeight.Mul(x.Mul(inverses()[honest+1]))
	}
	for at := 0; at < len(claim); at += ElementSize {
		store(claim[at:], load(vector[at:]).Add(load(made[at:])).Mul(overWeight))
	}

	key, err := Combine(3, []Answer{answers[3], {Index: 2, KeySize: 16, SecretTag: tag, Value: claim}, answers[6]})
	if err != nil || string(key) != "the liar's key.." {
		t.Errorf("got %q, %v", key, err)
	}
}
