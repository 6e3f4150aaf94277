//go:build !race

package protocol_test

// slowness divides the number of steps of long tests.
const slowness = 1
