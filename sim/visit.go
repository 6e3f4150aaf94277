package sim

import (
	"context"
	"net/http"

	"dske/node"
)

// visit is a request that is under way, and its context.
type visit struct {
	node.Context                     // its parent is that of the sender
	writer       http.ResponseWriter // not used after the visit; nil: the visit has not begun, or there is none

	before, after *visit // in the list of all visits, whose mutex guards them
}

// newVisit returns a visit that has not begun. Messages over memory come with one, so that the place
// need not copy their request to give it another context.
func newVisit(ctx context.Context) context.Context { return &visit{Context: node.Context{Parent: ctx}} }

// visitOf returns the visit that has not begun with which a request came, or a new one.
func visitOf(ctx context.Context) *visit {
	if v, isVisit := ctx.(*visit); isVisit && v.writer == nil {
		return v
	}
	return newVisit(ctx).(*visit)
}

// with returns the request with the visit as its context.
func (v *visit) with(r *http.Request) *http.Request {
	if r.Context() == v {
		return r
	}
	return r.WithContext(v)
}
