//go:build !race

package its

// slowness divides the steps of long games.
const slowness = 1
