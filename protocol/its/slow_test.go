//go:build !race

package its

import "time"

// allowed is how long the worst search may take.
const allowed = 200 * time.Millisecond

// slowness divides the steps of long games.
const slowness = 1
