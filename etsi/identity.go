package etsi

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"slices"
)

// Identify returns the ID of the SAE that sent r, which is one of the saes, or an [ErrUnauthorized]
// with the reason.
//
// Over TLS only a certificate identifies the caller: its subject common name is the SAE ID, or else
// one of its URIs or DNS names is. The TLS configuration of the server must verify client
// certificates; it need not require them.
//
// Over plain HTTP, which is for experiments, the whole value of the Authorization header is the SAE
// ID, or the user name of HTTP Basic in it is, for clients that can be configured only with
// http://sam@host. Without that header the caller is assumed to be the only SAE of a KME.
func Identify(r *http.Request, saes []string) (string, error) {
	if r.TLS != nil {
		return IdentifyPeer(*r.TLS, saes)
	}
	claimed := r.Header.Values("Authorization")
	user, _, isBasic := r.BasicAuth()
	switch {
	case len(claimed) == 0 && len(saes) == 1:
		return saes[0], nil
	case len(claimed) == 0:
		return "", unauthorized("the KME serves several SAEs, and there is no Authorization header to tell which one is calling")
	case len(claimed) > 1:
		return "", unauthorized("there are several Authorization headers")
	case slices.Contains(saes, claimed[0]):
		return claimed[0], nil
	case isBasic && slices.Contains(saes, user):
		return user, nil
	}
	return "", unauthorized("the Authorization header names no SAE of this KME")
}

// IdentifyPeer is like [Identify], for the peer of a TLS connection.
func IdentifyPeer(state tls.ConnectionState, saes []string) (string, error) {
	if len(state.VerifiedChains) == 0 {
		return "", unauthorized("no certificate was shown")
	}
	return identifyBy(state.VerifiedChains[0][0], saes)
}

// identifyBy returns the first name of the holder of a certificate that is one of the saes.
func identifyBy(certificate *x509.Certificate, saes []string) (string, error) {
	names := []string{certificate.Subject.CommonName}
	for _, uri := range certificate.URIs {
		names = append(names, uri.String())
	}
	for _, name := range append(names, certificate.DNSNames...) {
		if slices.Contains(saes, name) {
			return name, nil
		}
	}
	return "", unauthorized("the certificate names no SAE of this KME")
}
