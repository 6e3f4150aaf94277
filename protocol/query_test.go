package protocol_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"dske/protocol"
)

const getQuery = "client_name=connie&master_sae_id=sam&slave_sae_id=sofia&key_id=6ba7b810-9dad-11d1-80b4-00c04fd430c8"

var getShare = protocol.GetShare{ClientName: "connie", MasterSAE: "sam", SlaveSAE: "sofia", KeyID: keyID}

func TestQuery(t *testing.T) {
	if got := getShare.Query(); got != getQuery {
		t.Errorf("query is %s, want %s", got, getQuery)
	}
	if got, err := protocol.ParseGetShare(getQuery); err != nil || got != getShare {
		t.Errorf("query is read as %v, want %v; error %v", got, getShare, err)
	}
}

func TestQueryEscapes(t *testing.T) {
	m := protocol.GetShare{ClientName: "c&d=e", MasterSAE: "sam sue/1", SlaveSAE: "s+ö%41#;?", KeyID: keyID}
	want := "client_name=c%26d%3De&master_sae_id=sam+sue%2F1&slave_sae_id=s%2B%C3%B6%2541%23%3B%3F&key_id=" + keyID.String()
	if got := m.Query(); got != want {
		t.Errorf("query is %s, want %s", got, want)
	}
	if got, err := protocol.ParseGetShare(want); err != nil || got != m {
		t.Errorf("query is read as %v, want %v; error %v", got, m, err)
	}
}

// Whatever the names of the SAEs, the query is read correctly and can be part of a URL.
func TestQueryRoundTrip(t *testing.T) {
	name := rapid.OneOf(rapid.StringN(1, 20, -1), rapid.StringMatching(`[a&=;%+#?/ .]{1,10}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 10), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(t *rapid.T) {
		m := protocol.GetShare{ClientName: name.Draw(t, "client"), MasterSAE: name.Draw(t, "master"), SlaveSAE: name.Draw(t, "slave"), KeyID: keyID}
		query := m.Query()
		for i, part := range strings.Split(query, "&") {
			if want := []string{"client_name=", "master_sae_id=", "slave_sae_id=", "key_id="}[i]; !strings.HasPrefix(part, want) {
				t.Fatalf("part %d of %s does not start with %s", i, query, want)
			}
		}
		u, err := url.Parse("http://localhost" + protocol.PathKeyShare + "?" + query)
		if err != nil || u.RawQuery != query || u.Path != protocol.PathKeyShare || u.Fragment != "" {
			t.Fatalf("URL with the query %s is %v, error %v", query, u, err)
		}
		if got, err := protocol.ParseGetShare(query); err != nil || got != m {
			t.Fatalf("%s is read as %v, want %v; error %v", query, got, m, err)
		}
	})
}

func TestQueryReading(t *testing.T) {
	parts := strings.Split(getQuery, "&")
	for _, query := range []string{
		getQuery + "&color=red&color=blue&key=",
		parts[3] + "&" + parts[2] + "&" + parts[1] + "&" + parts[0],
		strings.ReplaceAll(getQuery, "so", "%73%6f"),
		"&" + getQuery + "&",
		strings.Replace(getQuery, keyID.String(), strings.ToUpper(keyID.String()), 1),
	} {
		if got, err := protocol.ParseGetShare(query); err != nil || got != getShare {
			t.Errorf("%s is read as %v, want %v; error %v", query, got, getShare, err)
		}
	}
}

func TestBadQueries(t *testing.T) {
	queries := []string{"", "?" + getQuery, getQuery + "&x=%zz", getQuery + "&x=%", getQuery + ";x=y",
		strings.ReplaceAll(getQuery, "&", ";"), strings.ReplaceAll(getQuery, "=", ":"), strings.ToUpper(getQuery)}
	parts := strings.Split(getQuery, "&")
	for i, part := range parts {
		name, _, _ := strings.Cut(part, "=")
		rest := strings.Join(append(parts[:i:i], parts[i+1:]...), "&")
		queries = append(queries, rest, // missing
			rest+"&"+name, rest+"&"+name+"=", // empty
			getQuery+"&"+part, getQuery+"&"+name+"=", getQuery+"&"+name, name+"=other&"+getQuery) // repeated
	}
	for _, id := range badUUIDs {
		queries = append(queries, strings.Join(parts[:3], "&")+"&key_id="+url.QueryEscape(id))
	}
	for _, query := range queries {
		if got, err := protocol.ParseGetShare(query); !errors.Is(err, protocol.ErrMalformed) {
			t.Errorf("%s is read as %v with error %v, want %v", query, got, err, protocol.ErrMalformed)
		}
	}
}

func TestPaths(t *testing.T) {
	for path, want := range map[string]string{
		protocol.PathRegistration: "/dske/oob/v1/registration",
		protocol.PathPSRD:         "/dske/oob/v1/psrd",
		protocol.PathEncryptors:   "/dske/oob/v1/encryptors",
		protocol.PathKeyShare:     "/dske/api/v1/key-share",
	} {
		if path != want {
			t.Errorf("path is %s, want %s", path, want)
		}
	}
	if protocol.OwnerClient != "client" || protocol.OwnerHub != "hub" {
		t.Errorf("pool owners are %s and %s", protocol.OwnerClient, protocol.OwnerHub)
	}
}
