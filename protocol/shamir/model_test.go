package shamir

// The reference model: slow, one byte at a time, from the definition of the field and of Lagrange
// interpolation, with no code in common with the code under test.

// modelMultiply multiplies as on paper: the product of polynomials, then long division.
func modelMultiply(a, b byte) byte {
	product := 0
	for bit := range 8 {
		if b>>bit&1 == 1 {
			product ^= int(a) << bit
		}
	}
	for bit := 15; bit >= 8; bit-- {
		if product>>bit&1 == 1 {
			product ^= 0x11b << (bit - 8)
		}
	}
	return byte(product)
}

// modelDivide searches for the quotient; b is not 0.
func modelDivide(a, b byte) byte {
	for q := range 256 {
		if modelMultiply(byte(q), b) == a {
			return byte(q)
		}
	}
	panic("division by zero")
}

// modelEvaluate returns f(x), where f goes through points.
func modelEvaluate(points []Share, x int) []byte {
	value := make([]byte, len(points[0].Value))
	for i, p := range points {
		weight := byte(1)
		for j, q := range points {
			if i != j {
				weight = modelMultiply(weight, modelDivide(byte(x^q.Index), byte(p.Index^q.Index)))
			}
		}
		for at, b := range p.Value {
			value[at] ^= modelMultiply(weight, b)
		}
	}
	return value
}
