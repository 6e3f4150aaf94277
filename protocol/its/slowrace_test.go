//go:build race

package its

import "time"

// allowed is how long the worst search may take where the race detector slows it down.
const allowed = 10 * time.Second

// slowness divides the steps of long games.
const slowness = 10
