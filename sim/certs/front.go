package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/url"
	"slices"
)

// NoCertificate is what a proxy forwards for a caller without a certificate.
const NoCertificate = "none"

// ErrNoFront is the error for a caller that forwards a certificate and is not the operator.
var ErrNoFront = errors.New("only a front that shows the operator's certificate may say which one it was shown")

// Front returns a function that identifies the caller behind a proxy, such as nginx, that
// terminates TLS. Its arguments are the connection of the proxy, which must have shown the
// operator's certificate, and the certificate that the proxy was shown, in PEM and escaped as in a
// URL, or [NoCertificate]. That certificate counts as if the caller had shown it here, and must be
// valid here too. So whoever has the operator's key can pose as anybody. It fails with [ErrNoFront]
// for all others. Intermediate authorities are not forwarded, so there must be none.
func (d Directory) Front() (func(front *tls.ConnectionState, shown string) (*tls.ConnectionState, error), error) {
	authority, err := d.authority()
	if err != nil {
		return nil, err
	}
	trusting, err := d.Server(false)
	if err != nil {
		return nil, err
	}
	return func(front *tls.ConnectionState, shown string) (*tls.ConnectionState, error) {
		if !isOperator(front, authority) {
			return nil, ErrNoFront
		}
		caller := *front
		caller.PeerCertificates, caller.VerifiedChains = nil, nil
		if shown == NoCertificate {
			return &caller, nil
		}
		certificate, err := unescape(shown)
		if err != nil {
			return nil, fmt.Errorf("what the front forwards is not a certificate: %w", err)
		}
		caller.PeerCertificates = []*x509.Certificate{certificate}
		caller.VerifiedChains, err = certificate.Verify(x509.VerifyOptions{Roots: trusting.ClientCAs, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
		return &caller, err
	}, nil
}

// isOperator reports whether the other end of a connection has shown the certificate of the
// operator.
func isOperator(state *tls.ConnectionState, authority *x509.Certificate) bool {
	for _, chain := range state.VerifiedChains {
		holder := chain[0].Subject
		if chain[len(chain)-1].Equal(authority) && slices.Equal(holder.Organization, []string{organization}) &&
			len(holder.OrganizationalUnit) == 0 && holder.CommonName == "" {
			return true
		}
	}
	return false
}

// unescape parses a certificate that is escaped as in a URL.
func unescape(text string) (*x509.Certificate, error) {
	text, err := url.PathUnescape(text)
	if err != nil {
		return nil, err
	}
	block, rest := pem.Decode([]byte(text))
	if block == nil || len(rest) > 0 {
		return nil, errors.New("it is not one block of PEM")
	}
	return x509.ParseCertificate(block.Bytes)
}
