package protocol_test

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"dske/protocol"
	"dske/psrd"
)

const (
	getBlockQuery       = "client_name=carol&pool_owner=hub&purpose=key&size=1024"
	getBlockQueryPython = "client_name=carol&pool_owner=client&size=2000"
)

func TestGetBlock(t *testing.T) {
	keys := protocol.GetBlock{ClientName: "carol", Owner: protocol.OwnerHub, Purpose: psrd.ForKeys, Size: 1024}
	all := protocol.GetBlock{ClientName: "carol", Owner: protocol.OwnerClient, Size: 2000}
	odd := protocol.GetBlock{ClientName: "c&d=e ö+", Owner: protocol.OwnerClient, Purpose: psrd.ForPads, Size: 1}
	for _, test := range []struct {
		query string
		suite protocol.Suite
		want  protocol.GetBlock
	}{
		{getBlockQuery, protocol.ITS, keys},
		{getBlockQueryPython, protocol.Python, all},
		{"client_name=c%26d%3De+%C3%B6%2B&pool_owner=client&purpose=pad&size=1", protocol.ITS, odd},
	} {
		if query := test.want.Query(); query != test.query {
			t.Errorf("query is %s, want %s", query, test.query)
		}
		if got, err := protocol.ParseGetBlock(test.query, test.suite); err != nil || got != test.want {
			t.Errorf("%s is read as %v, want %v; error %v", test.query, got, test.want, err)
		}
	}
	if got, err := protocol.ParseGetBlock(getBlockQueryPython+"&purpose=key", protocol.Python); err != nil || got != all {
		t.Errorf("a purpose where there are none: %v, %v", got, err)
	}
}

// generalBlock reads a query with package url alone, and reports whether it is one for a block.
func generalBlock(query string, suite protocol.Suite) (m protocol.GetBlock, ok bool) {
	values, err := url.ParseQuery(query)
	given := map[string]string{}
	for _, name := range []string{"client_name", "pool_owner", "purpose", "size"} {
		if name == "purpose" && suite == protocol.Python {
			continue
		}
		if len(values[name]) != 1 || values[name][0] == "" {
			return m, false
		}
		given[name] = values[name][0]
	}
	m = protocol.GetBlock{ClientName: given["client_name"], Owner: protocol.PoolOwner(given["pool_owner"]), Purpose: psrd.Purpose(given["purpose"])}
	var bad error
	m.Size, bad = strconv.Atoi(given["size"])
	isKnown := m.Owner == protocol.OwnerClient || m.Owner == protocol.OwnerHub
	return m, err == nil && bad == nil && m.Size > 0 && isKnown && slices.Contains(protocol.PurposesOf(suite), m.Purpose)
}

// Whatever the spelling of a query, it is read as package url reads it.
func FuzzGetBlock(f *testing.F) {
	for _, query := range []string{getBlockQuery, getBlockQueryPython} {
		f.Add(query)
		for _, change := range [][2]string{
			{"carol", ""}, {"carol", "c=a"}, {"carol", "%63arol"}, {"carol", "c+d;"}, {"hub", "hank"}, {"client&", "%63lient&"}, {"key", "other"},
			{"&size", "&&size"}, {"size=", "size"}, {"size=", "size=0"}, {"size=", "size=-"}, {"size=", "size=%2B"}, {"size=", "size=9999999999999999999"},
			{"pool_owner", "x=%zz&pool_owner"}, {"pool_owner", "color=red&pool_owner"}, {"size", "size=5&size"}, {"&purpose=key", ""},
		} {
			f.Add(strings.Replace(query, change[0], change[1], 1))
		}
	}
	f.Fuzz(func(t *testing.T, query string) {
		for _, suite := range []protocol.Suite{protocol.ITS, protocol.Python} {
			got, err := protocol.ParseGetBlock(query, suite)
			want, ok := generalBlock(query, suite)
			switch {
			case ok && (err != nil || got != want), !ok && !errors.Is(err, protocol.ErrMalformed):
				t.Fatalf("%s is read as %v, want %v, %v; error %v", query, got, want, ok, err)
			case ok:
				if again, err := protocol.ParseGetBlock(got.Query(), suite); err != nil || again != got {
					t.Fatalf("%v is read again as %v, error %v", got, again, err)
				}
			}
		}
	})
}
