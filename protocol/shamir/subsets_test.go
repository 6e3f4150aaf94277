package shamir

import (
	"fmt"
	"iter"
	"slices"
	"testing"
)

func TestSubsetsInOrder(t *testing.T) {
	want := [][]int{{0, 1}, {0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}}
	if got := collect(subsets(4, 2)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestNewestFirstInOrder(t *testing.T) {
	want := [][]int{{0, 1, 4}, {0, 2, 4}, {1, 2, 4}, {0, 3, 4}, {1, 3, 4}, {2, 3, 4},
		{0, 1, 2}, {0, 1, 3}, {0, 2, 3}, {1, 2, 3}}
	if got := collect(NewestFirst(5, 3)); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Every subset comes exactly once, even where there are more than newestSets with the newest.
func TestNewestFirstIsComplete(t *testing.T) {
	for _, c := range []struct{ n, k, want int }{
		{2, 2, 1}, {5, 2, 10}, {6, 5, 6}, {7, 7, 1}, {16, 8, 12870}, {91, 89, 4095},
	} {
		got := collect(NewestFirst(c.n, c.k))
		distinct := map[string]bool{}
		for _, chosen := range got {
			distinct[fmt.Sprint(chosen)] = true
			if len(chosen) != c.k || !slices.IsSorted(chosen) || chosen[c.k-1] >= c.n {
				t.Fatalf("%d of %d: odd subset %v", c.k, c.n, chosen)
			}
		}
		if len(got) != c.want || len(distinct) != c.want {
			t.Errorf("%d of %d: %d subsets, %d distinct, want %d", c.k, c.n, len(got), len(distinct), c.want)
		}
	}
}

func TestNewestFirstReservesSomeForTheOthers(t *testing.T) {
	got := collect(NewestFirst(16, 8))
	for i, chosen := range got[:newestSets+100] {
		if with := chosen[7] == 15; with != (i < newestSets) {
			t.Fatalf("subset %d is %v", i, chosen)
		}
	}
}

func TestNewestFirstStopsWhenAsked(t *testing.T) {
	for limit := 1; limit <= 10; limit++ {
		count := 0
		for range NewestFirst(5, 3) {
			if count++; count == limit {
				break
			}
		}
		if count != limit {
			t.Errorf("went on to %d, want %d", count, limit)
		}
	}
}

func collect(seq iter.Seq[[]int]) [][]int {
	var all [][]int
	for chosen := range seq {
		all = append(all, slices.Clone(chosen))
	}
	return all
}
