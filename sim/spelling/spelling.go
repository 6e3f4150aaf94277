// Package spelling guesses what a misspelt word was meant to be.
package spelling

import "github.com/xrash/smetrics"

// Nearest returns the candidate with the smallest edit distance to a word, the first of several, or
// "" if more than half of the letters would have to change.
func Nearest(word string, candidates []string) string {
	best, least := "", max(2, len(word)/2)+1
	for _, candidate := range candidates {
		if d := smetrics.WagnerFischer(word, candidate, 1, 1, 2); d < least {
			best, least = candidate, d
		}
	}
	return best
}
