package sim

import (
	"net/http"

	"dske/node"
)

// visit is a request that is under way, and its context.
type visit struct {
	node.Context                     // its parent is that of the sender
	writer       http.ResponseWriter // not used after the visit

	before, after *visit // in the list of all visits, whose mutex guards them
}
