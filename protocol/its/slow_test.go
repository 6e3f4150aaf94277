//go:build !race

package its

// slowness divides the number of steps of long tests.
const slowness = 1
