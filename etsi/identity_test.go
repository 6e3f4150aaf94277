package etsi_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"dske/etsi"
)

func TestIdentityOverTLS(t *testing.T) {
	named := func(cn string, dns ...string) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: cn}, DNSNames: dns}
	}
	uri := func(text string) *x509.Certificate {
		u, err := url.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return &x509.Certificate{Subject: pkix.Name{CommonName: "device 17"}, URIs: []*url.URL{u}}
	}
	saes := []string{"sam", "urn:sae:sam", "sue.example"}
	for _, test := range []struct {
		name        string
		certificate *x509.Certificate
		want        string
	}{
		{"common name", named("sam"), "sam"},
		{"URI", uri("urn:sae:sam"), "urn:sae:sam"},
		{"DNS name", named("device 17", "other.example", "sue.example"), "sue.example"},
		{"two SAEs", named("sam", "sue.example"), "sam"},
		{"SAE of another KME", named("sofia"), ""},
		{"operator", named(""), ""},
		{"none", nil, ""},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Authorization", "sam") // is ignored
		r.TLS = &tls.ConnectionState{}
		if test.certificate != nil {
			r.TLS.VerifiedChains = [][]*x509.Certificate{{test.certificate}}
		}
		if got, err := etsi.Identify(r, saes); got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%s: %q, %v, want %q", test.name, got, err, test.want)
		}
	}
}

func TestUnverifiedCertificateIsNoIdentity(t *testing.T) {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	sam := &x509.Certificate{Subject: pkix.Name{CommonName: "sam"}}
	r.TLS = &tls.ConnectionState{PeerCertificates: []*x509.Certificate{sam}}
	if got, err := etsi.Identify(r, []string{"sam"}); err == nil {
		t.Errorf("identified as %q", got)
	}
}
