package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrExists is the error for a directory that has certificates already.
var ErrExists = errors.New("is already there; remove it, or choose another directory")

// Names says whom certificates are for.
type Names struct {
	KMEs  []string
	SAEs  []string // IDs
	Hosts []string // names and IP addresses of the KMEs, beside this host's
}

// Write makes a new authority and certificates for everybody, and writes them to d, which it creates if
// need be. Keys are readable only for the owner. It fails with [ErrExists], and writes nothing, if one of
// the files exists.
func (d Directory) Write(names Names) error {
	files, err := d.issue(names)
	if err != nil {
		return err
	}
	for _, f := range files {
		if _, err := os.Lstat(f.path); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s %w", f.path, ErrExists)
		}
	}
	for _, f := range files {
		if err := f.write(); err != nil {
			return err
		}
	}
	return nil
}

type file struct {
	path string
	data []byte
	mode fs.FileMode
}

// issue returns the files of everybody.
func (d Directory) issue(names Names) ([]file, error) {
	ca, authority, err := newIssuer()
	if err != nil {
		return nil, err
	}
	files := d.Authority().files(authority)
	templates := map[Pair]*x509.Certificate{d.Operator(): operator()}
	for _, name := range names.KMEs {
		templates[d.KME(name)] = kme(name, names.Hosts)
	}
	for _, id := range names.SAEs {
		templates[d.SAE(id)] = sae(id)
	}
	for pair, template := range templates {
		made, err := ca.issue(template)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pair.Certificate, err)
		}
		files = append(files, pair.files(made)...)
	}
	return files, nil
}

func (p Pair) files(made issued) []file {
	return []file{{p.Certificate, made.certificate, 0o644}, {p.Key, made.key, 0o600}}
}

// write writes a file that does not exist.
func (f file) write() error {
	if err := os.MkdirAll(filepath.Dir(f.path), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return err
	}
	_, err = out.Write(f.data)
	return errors.Join(err, out.Close())
}
