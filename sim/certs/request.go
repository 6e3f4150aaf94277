package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
)

// minRSA is the minimum size of an RSA key, in bits.
const minRSA = 2048

// ReadRequest parses a certificate signing request (PKCS #10) in PEM or DER, and returns its common
// name, which is the SAE ID unless the caller knows better. The request's signature shows that its
// maker has the key.
func ReadRequest(data []byte) (commonName string, err error) {
	request, err := parseRequest(data)
	if err != nil {
		return "", err
	}
	return request.Subject.CommonName, nil
}

func parseRequest(data []byte) (*x509.CertificateRequest, error) {
	der := data
	if block, _ := pem.Decode(data); block != nil {
		if block.Type != "CERTIFICATE REQUEST" && block.Type != "NEW CERTIFICATE REQUEST" {
			return nil, fmt.Errorf("a %s is not a certificate request", block.Type)
		}
		der = block.Bytes
	}
	request, err := x509.ParseCertificateRequest(der)
	if err != nil {
		return nil, fmt.Errorf("not a certificate request: %w", err)
	}
	if err := request.CheckSignature(); err != nil {
		return nil, fmt.Errorf("the signature of the certificate request is wrong: %w", err)
	}
	return request, checkKey(request.PublicKey)
}

// checkKey refuses keys that are too short, or that a TLS stack may refuse.
func checkKey(key any) error {
	switch key := key.(type) {
	case *ecdsa.PublicKey:
		if key.Params().BitSize >= 256 {
			return nil
		}
	case ed25519.PublicKey:
		return nil
	case *rsa.PublicKey:
		if key.N.BitLen() >= minRSA {
			return nil
		}
	}
	return fmt.Errorf("the key is not ECDSA with 256 bits or more, Ed25519, or RSA with %d bits or more", minRSA)
}

// signRequests returns the certificates for requests. Only the key of a request is used, since a
// further name in it might belong to another SAE.
func (d Directory) signRequests(ca *issuer, names Names) ([]file, error) {
	var files []file
	for id, data := range names.Requests {
		request, err := parseRequest(data)
		if err != nil {
			return nil, err
		}
		certificate, err := ca.sign(sae(id), request.PublicKey)
		if err != nil {
			return nil, err
		}
		files = append(files, file{d.SAE(id).Certificate, certificate, 0o644})
	}
	return files, nil
}

// loadIssuer returns the authority of d.
func (d Directory) loadIssuer() (*issuer, error) {
	pair, err := d.Authority().load()
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; dske certs without --add makes it", err)
	}
	if err != nil {
		return nil, err
	}
	certificate, err := x509.ParseCertificate(pair.Certificate[0])
	if err != nil {
		return nil, err
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok || !certificate.IsCA {
		return nil, fmt.Errorf("%s is not the certificate of an authority", d.Authority().Certificate)
	}
	return &issuer{certificate, key}, nil
}
