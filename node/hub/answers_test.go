package hub

import (
	"hash/maphash"
	"testing"

	"dske/protocol"
)

// Different requests have different IDs, even if their parts joined together are the same bytes.
func TestIDsOfRequests(t *testing.T) {
	seed, seen := maphash.MakeSeed(), map[requestID]int{}
	for i, r := range []struct {
		signature           []string
		method, path, query string
		body                string
	}{
		{nil, "GET", "/a", "b", ""},
		{nil, "GET", "/a\nb", "", ""},
		{nil, "GET", "/ab", "", ""},
		{nil, "GET", "/a", "", "b"},
		{[]string{""}, "GET", "/a", "b", ""},
		{[]string{"b"}, "GET", "/a", "", ""},
		{[]string{"a", "b"}, "GET", "/a", "b", ""},
		{[]string{"a\nb"}, "GET", "/a", "b", ""},
		{[]string{"a", ""}, "GET", "/a", "b", "b"},
		{[]string{"a"}, "GET", "/a", "b", "0:body:b"},
	} {
		id := idOf(seed, r.signature, protocol.Request{Method: r.method, Path: r.path, Query: r.query, Body: []byte(r.body)})
		if other, there := seen[id]; there {
			t.Errorf("requests %d and %d have the same ID", other, i)
		}
		seen[id] = i
	}
}
