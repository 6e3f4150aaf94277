package shamir

import "crypto/subtle"

// blockSize is the number of bytes of each point processed at a time: a block of the result and of
// a few points fit into the first-level cache.
const blockSize = 4096

// evaluate returns f(x) for the polynomials of lowest degree through points, byte by byte. There is
// at least one point; indices differ and are below 256, lengths are the same.
//
// f(x) is a sum of points, each times a constant that depends only on x-coordinates. All products
// of a block are computed together, by Horner's rule on the bits of the constants, so that they
// share the doublings. The branch is on a bit of a constant, which is public.
func evaluate(points []Share, x int) []byte {
	weights := lagrange(points, byte(x))
	value := make([]byte, len(points[0].Value))
	for start := 0; start < len(value); start += blockSize {
		end := min(start+blockSize, len(value))
		block := value[start:end]
		for bit := 7; bit >= 0; bit-- {
			double(block)
			for i, p := range points {
				if weights[i]>>bit&1 == 1 {
					subtle.XORBytes(block, block, p.Value[start:end])
				}
			}
		}
	}
	return value
}

// lagrange returns the weights of the points such that the weighted sum is the value at x. For
// point i that is the product of (x - x_j) / (x_i - x_j) over all other points j; minus is XOR
// here. If x is the index of a point, its weight is 1 and the others are 0.
func lagrange(points []Share, x byte) []byte {
	weights := make([]byte, len(points))
	for i, p := range points {
		above, below := byte(1), byte(1)
		for j, q := range points {
			if i != j {
				above = multiply(above, x^byte(q.Index))
				below = multiply(below, byte(p.Index)^byte(q.Index))
			}
		}
		weights[i] = divide(above, below)
	}
	return weights
}
