//go:build race

package its

// slowness divides the number of steps of long tests, which the race detector slows down.
const slowness = 5
