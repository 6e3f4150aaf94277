//go:build !race

package protocol_test

// slowness divides the steps of long tests.
const slowness = 1
