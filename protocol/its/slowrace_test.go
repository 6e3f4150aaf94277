//go:build race

package its

// slowness divides the steps of long tests, which the race detector slows down.
const slowness = 5
