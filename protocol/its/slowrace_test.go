//go:build race

package its

// slowness divides the steps of long games, which the race detector slows down.
const slowness = 10
