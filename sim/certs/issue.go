package certs

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"net"
	"time"
)

// How long certificates are valid. Some TLS stacks refuse a server certificate of more than 825
// days.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	life          = 825 * 24 * time.Hour
	clockSkew     = time.Hour // how far the clock of an appliance may be behind
)

// issuer is an authority with its key.
type issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

// issued is a certificate and its key, in PEM.
type issued struct {
	certificate, key []byte
}

// newIssuer makes an authority. Keys are on the curve P-256, which every TLS stack supports.
func newIssuer() (*issuer, issued, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "DSKE simulator CA"},
		NotAfter:              time.Now().Add(authorityLife),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		IsCA:                  true,
		MaxPathLenZero:        true,
		BasicConstraintsValid: true,
	}
	var ca issuer
	files, err := ca.issue(template)
	return &ca, files, err
}

// issue signs a certificate for a new key. The first certificate of a new issuer is its own.
func (ca *issuer) issue(template *x509.Certificate) (issued, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return issued{}, err
	}
	if ca.key == nil {
		ca.certificate, ca.key = template, key
	}
	certificate, err := ca.sign(template, &key.PublicKey)
	if err != nil {
		return issued{}, err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return issued{}, err
	}
	return issued{certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})}, nil
}

// sign returns a certificate in PEM.
func (ca *issuer) sign(template *x509.Certificate, key any) ([]byte, error) {
	template.NotBefore = time.Now().Add(-clockSkew)
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, key, ca.key)
	if err != nil {
		return nil, err
	}
	if template == ca.certificate { // parsed, for values that only the encoding adds, such as its key ID
		if ca.certificate, err = x509.ParseCertificate(der); err != nil {
			return nil, err
		}
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), nil
}

// leaf returns the template of a certificate for a subject that is not an authority.
func leaf(subject pkix.Name, usage ...x509.ExtKeyUsage) *x509.Certificate {
	return &x509.Certificate{
		Subject:               subject,
		NotAfter:              time.Now().Add(life),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           usage,
		BasicConstraintsValid: true,
	}
}

// server returns the template for a KME or a hub, which is reached on this host, also under a
// domain of its own there, and on the given hosts.
func server(name, domain string, hosts []string) *x509.Certificate {
	c := leaf(pkix.Name{CommonName: name}, x509.ExtKeyUsageServerAuth)
	c.DNSNames = []string{"localhost", name + domain}
	c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1), net.IPv6loopback}
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			c.IPAddresses = append(c.IPAddresses, ip)
		} else {
			c.DNSNames = append(c.DNSNames, host)
		}
	}
	return c
}

// sae returns the template for an SAE, which its common name identifies.
func sae(id string) *x509.Certificate {
	return leaf(pkix.Name{CommonName: id}, x509.ExtKeyUsageClientAuth)
}

// Certificates for anything but an SAE have no common name but an organization, so they cannot be
// mistaken for an SAE. A client has its kind and its name as organizational units.
const (
	organization = "DSKE simulator"
	unitOfClient = "client"
)

// operator returns the template for the operator.
func operator() *x509.Certificate {
	return leaf(pkix.Name{Organization: []string{organization}}, x509.ExtKeyUsageClientAuth)
}

// client returns the template by which hubs identify a client.
func client(name string) *x509.Certificate {
	return leaf(pkix.Name{Organization: []string{organization}, OrganizationalUnit: []string{unitOfClient + " " + name}}, x509.ExtKeyUsageClientAuth)
}
