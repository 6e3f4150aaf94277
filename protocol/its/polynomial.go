package its

import (
	"slices"
	"sync"
)

// secretIndex is the index of the shared vector, at x = 0.
const secretIndex = -1

// polynomials are the polynomials of lowest degree through some points, one for each coordinate.
type polynomials struct {
	points  []Share
	inverse []Element // for point i, 1 over the product of x_i - x_j over all other points j
}

// through returns the polynomials through points, which it keeps. There is at least one point;
// indices differ and are -1..253, lengths are the same multiple of ElementSize.
func through(points []Share) polynomials {
	inverse := make([]Element, len(points))
	for i, p := range points {
		inverse[i] = one
		for j, q := range points {
			if i != j {
				inverse[i] = inverse[i].Mul(inverses()[(p.Index+1)^(q.Index+1)])
			}
		}
	}
	return polynomials{points, inverse}
}

// inverses returns the inverses of 0..255, which include all differences of x-coordinates. These
// are public, so a table may be used.
var inverses = sync.OnceValue(func() *[256]Element {
	var table [256]Element
	for i := range table {
		table[i] = Element{lo: uint64(i)}.Inverse()
	}
	return &table
})

// at returns the share with the given index: a sum of points, each times a weight that depends only
// on x-coordinates.
func (f polynomials) at(index int) []byte {
	var room [8]factor // most thresholds fit
	weights := f.weights(room[:0], coordinate(index))
	value := make([]byte, len(f.points[0].Value))
	for at := 0; at < len(value); at += ElementSize {
		store(value[at:], weighted(weights, f.points, at))
	}
	return value
}

// weighted returns the sum of the elements at one position in points, each times its weight.
func weighted(weights []factor, points []Share, at int) Element {
	var sum product
	for i, p := range points {
		sum.add(&weights[i], load(p.Value[at:]))
	}
	return sum.reduce()
}

// shares returns the shares with these indices.
func (f polynomials) shares(indices []int) []Share {
	shares := make([]Share, len(indices))
	for i, index := range indices {
		shares[i] = Share{index, f.at(index)}
	}
	return shares
}

// weights returns Lagrange's weights for x: for point i, the product of (x - x_j) / (x_i - x_j)
// over all other points j. It uses the memory of weights, which is empty.
func (f polynomials) weights(weights []factor, x Element) []factor {
	weights = slices.Grow(weights, len(f.points))[:len(f.points)]
	before := one // the product of x - x_j over the points before point i
	for i, p := range f.points {
		weights[i].value = before
		before = before.Mul(x.Add(coordinate(p.Index)))
	}
	after := one // likewise
	for i := len(f.points) - 1; i >= 0; i-- {
		weights[i] = newFactor(weights[i].value.Mul(after).Mul(f.inverse[i]))
		after = after.Mul(x.Add(coordinate(f.points[i].Index)))
	}
	return weights
}

// coordinate returns the x-coordinate of a share.
func coordinate(index int) Element { return Element{lo: uint64(index + 1)} }
