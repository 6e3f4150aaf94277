package certs

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Trust adds authorities whose certificates count for SAEs besides those of d's own, from a file in
// PEM: a vendor's root, or an intermediate if appliances show only their own certificate. It
// returns the file that it has written. Whoever has such an authority's key can pose as any SAE,
// but not as a KME.
func (d Directory) Trust(data []byte) (string, error) {
	authorities, err := parseAuthorities(data)
	if err != nil {
		return "", err
	}
	if _, err := os.Stat(d.Authority().Certificate); err != nil {
		return "", fmt.Errorf("%w; dske certs makes it", err)
	}
	var kept []byte
	for _, a := range authorities {
		kept = append(kept, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Raw})...)
	}
	digest := sha256.Sum256(kept)
	path := filepath.Join(string(d), "trusted", hex.EncodeToString(digest[:8])+".crt")
	return path, writeAll([]file{{path, kept, 0o644}})
}

// parseAuthorities parses certificates in PEM, all of which must be of authorities.
func parseAuthorities(data []byte) ([]*x509.Certificate, error) {
	var authorities []*x509.Certificate
	for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("a %s is not a certificate", block.Type)
		}
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, err
		}
		if !certificate.IsCA {
			return nil, fmt.Errorf("the certificate of %q is not that of an authority", certificate.Subject)
		}
		authorities = append(authorities, certificate)
	}
	if len(authorities) == 0 {
		return nil, errors.New("no certificate in PEM")
	}
	return authorities, nil
}

// addTrusted adds the further authorities to a pool.
func (d Directory) addTrusted(pool *x509.CertPool) error {
	below := filepath.Join(string(d), "trusted")
	entries, err := os.ReadDir(below)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		path := filepath.Join(below, entry.Name())
		if filepath.Ext(path) != ".crt" {
			continue
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		authorities, err := parseAuthorities(data)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		for _, a := range authorities {
			pool.AddCert(a)
		}
	}
	return nil
}
