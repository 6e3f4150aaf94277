package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"os"
	"slices"

	"software.sslmate.com/src/go-pkcs12"
)

// Password is the password of PKCS #12 files. It protects nothing; many appliances require one.
const Password = pkcs12.DefaultPassword

// bundle returns the wanted bundles of SAEs whose certificate and key are among files or already in
// d. An SAE that keeps its key elsewhere has none.
func (d Directory) bundle(ca *issuer, names Names, files []file, wanted func(path string) (bool, error)) ([]file, error) {
	var bundles []file
	for _, id := range names.SAEs {
		made, err := d.SAE(id).find(files)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		both, err := d.Bundle(id).files(ca, made)
		if err != nil {
			return nil, err
		}
		for _, f := range both {
			is, err := wanted(f.path)
			if err != nil {
				return nil, err
			}
			if is {
				bundles = append(bundles, f)
			}
		}
	}
	return bundles, nil
}

// find returns the contents of a pair, from files that are not written yet or from the disk.
func (p Pair) find(files []file) (issued, error) {
	read := func(path string) ([]byte, error) {
		if i := slices.IndexFunc(files, func(f file) bool { return f.path == path }); i >= 0 {
			return files[i].data, nil
		}
		return os.ReadFile(path)
	}
	certificate, err := read(p.Certificate)
	if err != nil {
		return issued{}, err
	}
	key, err := read(p.Key)
	return issued{certificate, key}, err
}

// files returns the bundle of a certificate and its key.
func (b Bundle) files(ca *issuer, made issued) ([]file, error) {
	pair, err := tls.X509KeyPair(made.certificate, made.key)
	if err != nil {
		return nil, err
	}
	encoded, err := pkcs12.Modern.Encode(pair.PrivateKey, pair.Leaf, []*x509.Certificate{ca.certificate}, Password)
	if err != nil {
		return nil, err
	}
	return []file{
		{b.PEM, slices.Concat(made.certificate, made.key), 0o600},
		{b.PKCS12, encoded, 0o600},
	}, nil
}
