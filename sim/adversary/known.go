package adversary

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// Known returns the sorted names of the hubs whose shares of a key the adversary knows for certain.
func (a *Adversary) Known(keyID uuid.UUID) []string {
	hubs := slices.Sorted(maps.Keys(a.gather(keyID).hubs))
	for i, name := range hubs {
		hubs[i] = strings.TrimPrefix(name, "hub/")
	}
	return hubs
}
