package etsi_test

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"dske/etsi/conformance"
)

// The KMEs to check, for example
//
//	go test ./etsi -run Conformance -v -args -kme https://… -peer-kme https://… -master sam -slave sofia -cacert …
//
// Without -kme the KMEs of this package's tests are checked.
var (
	kmeURL   = flag.String("kme", "", "base `URL` of the KME of the master SAE")
	peerURL  = flag.String("peer-kme", "", "base `URL` of the KME of the slave SAE")
	master   = flag.String("master", "sam", "`ID` of the master SAE")
	slave    = flag.String("slave", "sofia", "`ID` of the slave SAE")
	cert     = flag.String("cert", "", "certificate `file` of the master SAE")
	key      = flag.String("key", "", "key `file` of the master SAE")
	peerCert = flag.String("peer-cert", "", "certificate `file` of the slave SAE")
	peerKey  = flag.String("peer-key", "", "key `file` of the slave SAE")
	caCert   = flag.String("cacert", "", "certificate `file` of the authority that signed the KMEs' certificates")
)

func TestConformance(t *testing.T) {
	suite := testSuite(t)
	if *kmeURL != "" {
		suite = namedSuite(t)
	}
	made := 0
	for result := range suite.Run(t.Context()) {
		switch {
		case result.Skipped != "":
			t.Logf("skipped   %-11s %s (%s)", result.Clause, result.Name, result.Skipped)
			continue
		case result.Err != nil:
			t.Errorf("FAILED    %-11s %s: %v", result.Clause, result.Name, result.Err)
		default:
			t.Logf("conforms  %-11s %s", result.Clause, result.Name)
		}
		made++
	}
	if made < 60 {
		t.Errorf("only %d checks were made", made)
	}
}

// testSuite is for the KMEs of this package's tests.
func testSuite(t *testing.T) conformance.Suite {
	url := newNetwork("sofia", "susan", "sunny").serve(t)
	party := func(sae, path string) conformance.Party {
		return conformance.Party{SAE: sae, URL: url + path, SKIP: url + strings.Replace(path, "/etsi", "/skip", 1)}
	}
	return conformance.Suite{Master: party("sam", carolPath), Slave: party("sofia", conniePath),
		Others: []conformance.Party{party("susan", conniePath), party("sunny", conniePath)}}
}

// namedSuite is for the KMEs that the flags name.
func namedSuite(t *testing.T) conformance.Suite {
	return conformance.Suite{
		Master:        conformance.Party{SAE: *master, URL: *kmeURL, HTTP: httpClient(t, *cert, *key)},
		Slave:         conformance.Party{SAE: *slave, URL: *peerURL, HTTP: httpClient(t, *peerCert, *peerKey)},
		NoCertificate: httpClient(t, "", ""),
	}
}

// httpClient returns a client that trusts -cacert and shows a certificate, if there is one.
func httpClient(t *testing.T, cert, key string) *http.Client {
	t.Helper()
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if *caCert != "" {
		pem, err := os.ReadFile(*caCert)
		if err != nil {
			t.Fatal(err)
		}
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
	}
	if cert != "" {
		certificate, err := tls.LoadX509KeyPair(cert, key)
		if err != nil {
			t.Fatal(err)
		}
		config.Certificates = []tls.Certificate{certificate}
	}
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config}}
}

// fault makes KMEs break a rule: it changes their answers.
type fault func(r *http.Request, status int, body string) (int, string)

func (f fault) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	status, text := f(r, response.StatusCode, string(body))
	response.StatusCode, response.Body = status, io.NopCloser(strings.NewReader(text))
	return response, err
}

// replaced is a fault that replaces a text in bodies.
func replaced(old, new string) fault {
	return func(_ *http.Request, status int, body string) (int, string) {
		return status, strings.ReplaceAll(body, old, new)
	}
}

// is is a fault that replaces a status.
func is(old, new int) fault {
	return func(_ *http.Request, status int, body string) (int, string) {
		if status == old {
			status = new
		}
		return status, body
	}
}

func TestConformanceFindsFaults(t *testing.T) {
	for name, test := range map[string]struct {
		fault
		finds string // a check that fails
	}{
		"member misspelt":            {replaced("key_ID", "key_id"), "GET without parameters brings one key of key_size"},
		"status lacks a member":      {replaced("max_SAE_ID_count", "max"), "max_SAE_ID_count is an integer, not negative"},
		"limits contradict":          {replaced(`"min_key_size":64`, `"min_key_size":512`), "key_size is an integer of at least min_key_size"},
		"KME IDs are mixed up":       {replaced(`"target_KME_ID":"c`, `"target_KME_ID":"k`), "the slave sees the KMEs the other way round"},
		"other words":                {replaced("size shall", "Size must"), "a size that is not a multiple of 8 is 400, in the words of the standard"},
		"400 becomes 500":            {is(400, 500), "an unknown slave SAE is 400"},
		"401 becomes 403":            {is(401, 403), "another SAE gets 401, and that costs nothing"},
		"405 becomes 200":            {is(405, 200), "PUT is refused"},
		"keys differ":                {secondKey(), "GET brings the key that the master has"},
		"details are no array":       {replaced(`"details":[`, `"details":["a",`), "the details, if any, are objects"},
		"capabilities lack a member": {replaced("localSystemID", "system"), "GET is answered with all five members"},
		"no remote system":           {replaced(`"remoteSystemID":["connie"]`, `"remoteSystemID":[]`), "keys and at least one remote system are there"},
		"a system of its own":        {replaced(`"remoteSystemID":["connie"]`, `"remoteSystemID":["x*"]`), "each system is among the remote ones of the other"},
		"a long algorithm":           {replaced(`"DSKE"`, `"quantum key distribution"`), "algorithm and localSystemID are no longer than every encryptor can take"},
		"keys in base64":             {replaced(`"keyId":"`, `"keyId":"z`), "the peer gets the same key"},
		"less entropy than it says":  {replaced(`"minentropy":256`, `"minentropy":512`), "a sample has 256 bits by default"},
		"404 becomes 400":            {is(404, 400), "an unknown path is 404"},
		"405 becomes 404":            {is(405, 404), "POST of capabilities is 405"},
		"the extension is hidden":    {replaced("abc_route_type", "it"), "the details name the extension"},
	} {
		suite := testSuite(t)
		for _, p := range []*conformance.Party{&suite.Master, &suite.Slave, &suite.Others[0], &suite.Others[1]} {
			p.HTTP = &http.Client{Transport: test.fault}
		}
		var failed []string
		for result := range suite.Run(t.Context()) {
			if result.Err != nil {
				failed = append(failed, result.Name)
			}
			if result.Err != nil && result.Name == test.finds {
				break
			}
		}
		if !slices.Contains(failed, test.finds) {
			t.Errorf("%s: not found by %q, only by %q", name, test.finds, failed)
		}
	}
}

// secondKey is a fault that delivers another value to the slave.
func secondKey() fault {
	value := regexp.MustCompile(`"key":"..`)
	return func(r *http.Request, status int, body string) (int, string) {
		if strings.HasSuffix(r.URL.Path, "dec_keys") {
			body = value.ReplaceAllString(body, `"key":"AA`)
		}
		return status, body
	}
}
