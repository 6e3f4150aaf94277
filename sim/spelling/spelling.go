// Package spelling guesses what somebody meant to write.
package spelling

import "github.com/xrash/smetrics"

// Nearest returns the candidate that is spelt most like a word, the first of several. It returns ""
// if none is similar: if more than half of the letters would have to change.
func Nearest(word string, candidates []string) string {
	best, least := "", max(2, len(word)/2)+1
	for _, candidate := range candidates {
		if d := smetrics.WagnerFischer(word, candidate, 1, 1, 2); d < least {
			best, least = candidate, d
		}
	}
	return best
}
