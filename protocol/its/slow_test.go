//go:build !race

package its

// slowness divides the steps of long tests.
const slowness = 1
