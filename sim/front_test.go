package sim

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"dske/sim/certs"
)

// A caller behind a proxy counts as if it had shown its certificate here, but only if the proxy is
// the operator's and the certificate is valid here.
func TestBehindFront(t *testing.T) {
	dir, other := certify(t), certify(t)
	n := start(t, Config{Transport: Loopback, Listen: "127.0.0.1:0", TLS: dir})
	escaped := func(p certs.Pair) string {
		text, err := os.ReadFile(p.Certificate)
		if err != nil {
			t.Fatal(err)
		}
		return url.QueryEscape(string(text))
	}
	ask := func(front certs.Pair, shown ...string) int {
		t.Helper()
		r, err := http.NewRequest(http.MethodGet, n.kme("carol")+"/api/v1/keys/sofia/status", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header[headerShown] = shown
		response, err := n.shows(dir, front, "").HTTP.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		return response.StatusCode
	}
	sam := strings.ReplaceAll(escaped(dir.SAE("sam")), "+", "%20") // as nginx escapes
	for _, test := range []struct {
		front certs.Pair
		shown []string
		want  int
	}{
		{dir.Operator(), []string{sam}, 200},
		{dir.Operator(), []string{strings.ReplaceAll(escaped(dir.SAE("sofia")), "+", "%20")}, 401}, // of another KME
		{dir.Operator(), []string{certs.NoCertificate}, 401},
		{dir.Operator(), []string{sam, sam}, 403},
		{dir.Operator(), []string{""}, 403},
		{dir.Operator(), []string{"%zz"}, 403},
		{dir.Operator(), []string{sam[:len(sam)/2]}, 403},
		{dir.Operator(), []string{strings.ReplaceAll(escaped(other.SAE("sam")), "+", "%20")}, 403},
		{dir.Operator(), []string{strings.ReplaceAll(escaped(dir.KME("carol")), "+", "%20")}, 403}, // of a server
		{dir.SAE("sam"), []string{sam}, 403},
		{dir.SAE("sofia"), []string{sam}, 403},
		{dir.ToHubs("carol"), []string{sam}, 403},
	} {
		if got := ask(test.front, test.shown...); got != test.want {
			t.Errorf("%s says %.20q: %d, not %d", test.front.Certificate, test.shown, got, test.want)
		}
	}
}
