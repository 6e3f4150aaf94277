//go:build !race

package dashboard

const underRace = false
