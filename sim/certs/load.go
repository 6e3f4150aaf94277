package certs

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"time"
)

// Server returns the configuration of a port for KMEs or hubs: TLS 1.2 or later. It shows the first
// of the certificates that fits the name in the client's hello, or else the first one. A client may
// show a certificate, of the authority or a further one; with everybody it must.
func (d Directory) Server(everybody bool, shown ...Pair) (*tls.Config, error) {
	pool, err := d.pool()
	if err != nil {
		return nil, err
	}
	if err := d.addTrusted(pool); err != nil {
		return nil, err
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ClientCAs: pool, ClientAuth: tls.VerifyClientCertIfGiven}
	if everybody {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	for _, pair := range shown {
		certificate, err := pair.load()
		if err != nil {
			return nil, err
		}
		config.Certificates = append(config.Certificates, certificate)
	}
	return config, nil
}

// Client returns the configuration of a client that trusts the authority and shows a certificate.
func (d Directory) Client(shown Pair) (*tls.Config, error) {
	config, err := d.Anonymous()
	if err != nil {
		return nil, err
	}
	certificate, err := shown.load()
	config.Certificates = []tls.Certificate{certificate}
	return config, err
}

// Anonymous returns the configuration of a client that trusts the authority and shows no
// certificate.
func (d Directory) Anonymous() (*tls.Config, error) {
	pool, err := d.pool()
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: pool}, nil
}

// Stranger returns the configuration of a client that trusts the authority and shows a certificate
// of the SAE from another authority, which nobody trusts.
func (d Directory) Stranger(id string) (*tls.Config, error) {
	config, err := d.Anonymous()
	if err != nil {
		return nil, err
	}
	ca, _, err := newIssuer()
	if err != nil {
		return nil, err
	}
	made, err := ca.issue(sae(id))
	if err != nil {
		return nil, err
	}
	certificate, err := tls.X509KeyPair(made.certificate, made.key)
	config.Certificates = []tls.Certificate{certificate}
	return config, err
}

// Expired returns an expired certificate of a KME, as that in d will be one day.
func (d Directory) Expired(name string) (tls.Certificate, error) {
	pair, err := d.KME(name).load()
	if err != nil {
		return tls.Certificate{}, err
	}
	ca, err := d.loadIssuer()
	if err != nil {
		return tls.Certificate{}, err
	}
	expired := *pair.Leaf
	expired.NotAfter = time.Now().Add(-clockSkew / 2)
	text, err := ca.sign(&expired, pair.Leaf.PublicKey)
	if err != nil {
		return tls.Certificate{}, err
	}
	block, _ := pem.Decode(text)
	return tls.Certificate{Certificate: [][]byte{block.Bytes}, PrivateKey: pair.PrivateKey}, nil
}

// Trusted returns the common name of the authority.
func (d Directory) Trusted() (string, error) {
	authority, err := d.authority()
	if err != nil {
		return "", err
	}
	return authority.Subject.CommonName, nil
}

func (d Directory) pool() (*x509.CertPool, error) {
	file := d.Authority().Certificate
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("%w; dske certs makes it", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(data) {
		return nil, fmt.Errorf("%s holds no certificate", file)
	}
	return pool, nil
}

func (p Pair) load() (tls.Certificate, error) {
	certificate, err := tls.LoadX509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("certificate %s: %w; dske certs makes it, with --add if others exist", p.Certificate, err)
	}
	return certificate, nil
}
