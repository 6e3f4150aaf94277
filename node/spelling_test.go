package node

import (
	"net/url"
	"strings"
	"testing"
)

func TestRespell(t *testing.T) {
	for path, want := range map[string]string{
		"/client/%63arol/x":                 "/client/carol/x",
		"/hub/h%61nk/dske/api/v1/key%2Dx":   "/hub/h%61nk/dske/api/v1/key%2Dx",
		"/hub/hank/%64ske/api/v1/key-share": "/hub/hank/%64ske/api/v1/key-share",
		"/hub/hank/dske/oob/v1/%70srd":      "/hub/hank/dske/oob/v1/psrd",
		"/hub/hank/x%2fdske%3a%25%":         "/hub/hank/x%2fdske%3a%25%",
		"/a%7e%5F%2e%2D%30/%c3%a4%zz%4":     "/a~_.-0/%c3%a4%zz%4",
		"%2541":                             "%2541", // once, not twice
		"":                                  "",
	} {
		if got := respell(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}

// The new spelling of a path means the same and cannot be shortened further.
func FuzzRespell(f *testing.F) {
	for _, path := range []string{"/hub/h%61nk/dske/api/v1/%6b", "/%", "%41%2541", "/client/a%2Fb/%zz/%c3%a4"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := respell(path)
		before, err := url.PathUnescape(path)
		after, err2 := url.PathUnescape(got)
		if before != after || (err == nil) != (err2 == nil) {
			t.Errorf("%q means %q, %v; %q means %q, %v", path, before, err, got, after, err2)
		}
		if again := respell(got); again != got && !strings.Contains(path, "%25") {
			t.Errorf("%q becomes %q and then %q", path, got, again)
		}
	})
}
