package fault

import (
	"fmt"
	"slices"
	"strings"
)

var partitionKind = kind{name: "partition", value: "=A,B|C,D",
	summary: "messages from one side to the other are lost", build: newPartition}

func newPartition(s Spec) (built, error) {
	left, right, found := strings.Cut(s.Value, "|")
	if !found {
		return built{}, fmt.Errorf("%q is not of the form A,B|C,D", s.Value)
	}
	a, err := patterns(left)
	if err != nil {
		return built{}, err
	}
	b, err := patterns(right)
	return built{
		effect: drop,
		matches: func(r *Request) bool {
			return named(a, r.From) && named(b, r.To) || named(b, r.From) && named(a, r.To)
		},
		patterns: slices.Concat(a, b),
	}, err
}
