//go:build race

package protocol_test

// slowness divides the number of steps of long tests, which the race detector slows down. Without
// it, make check-and-test takes all of them.
const slowness = 20
