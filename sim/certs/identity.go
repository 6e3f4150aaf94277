package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Identity returns a function that returns the name of the client at the other end of a connection,
// or "" if that has not shown a client's certificate. Certificates of further trusted authorities
// count for SAEs only.
func (d Directory) Identity() (func(*tls.ConnectionState) string, error) {
	authority, err := d.authority()
	if err != nil {
		return nil, err
	}
	return func(state *tls.ConnectionState) string {
		if state == nil {
			return ""
		}
		for _, chain := range state.VerifiedChains {
			if chain[len(chain)-1].Equal(authority) {
				return clientOf(chain[0])
			}
		}
		return ""
	}, nil
}

// clientOf returns the name of the client in a certificate of the authority, or "" if it is not a
// client's.
func clientOf(c *x509.Certificate) string {
	if !slices.Equal(c.Subject.Organization, []string{organization}) || len(c.Subject.OrganizationalUnit) != 1 {
		return ""
	}
	name, isClient := strings.CutPrefix(c.Subject.OrganizationalUnit[0], unitOfClient+" ")
	if !isClient {
		return ""
	}
	return name
}

// authority returns the certificate of the authority.
func (d Directory) authority() (*x509.Certificate, error) {
	file := d.Authority().Certificate
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w; dske certs makes it", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	authority, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return authority, nil
}
