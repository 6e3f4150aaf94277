package scenario

import (
	"github.com/xrash/smetrics"
)

// nearest returns the name of the command that is spelt most like name.
func nearest(name string) string {
	best, least := "", 1<<30
	for _, candidate := range commandNames() {
		if d := smetrics.WagnerFischer(name, candidate, 1, 1, 2); d < least {
			best, least = candidate, d
		}
	}
	return best
}
