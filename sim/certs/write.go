package certs

import (
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// ErrExists is the error for a directory that has certificates already.
var ErrExists = errors.New("is already there; remove it, or choose another directory")

// Names says which certificates to make.
type Names struct {
	Hubs     []string
	KMEs     []string
	SAEs     []string            // IDs
	Hosts    []string            // names and IP addresses of all hubs and KMEs, besides this host's
	HostsOf  map[string][]string // further hosts of one KME, by its name
	Bundles  bool                // also make bundles for SAEs
	Requests map[string][]byte   // requests of SAEs that already have a key, by ID; see [ReadRequest]
}

// Write makes a new authority and all certificates, and writes them to d, which it creates if
// necessary. Only the owner can read keys. If one of the files exists, it fails with [ErrExists].
// If it fails, it leaves nothing behind.
func (d Directory) Write(names Names) error {
	ca, authority, err := newIssuer()
	if err != nil {
		return err
	}
	files := d.Authority().files(authority)
	made, err := d.issue(ca, names, everything)
	if err != nil {
		return err
	}
	return writeAll(append(files, made...))
}

// Add makes the missing certificates with the authority of d, and returns the files that it has
// written. Existing files stay unchanged. It writes all or nothing.
func (d Directory) Add(names Names) ([]string, error) {
	ca, err := d.loadIssuer()
	if err != nil {
		return nil, err
	}
	files, err := d.issue(ca, names, d.lacks)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, f := range files {
		paths = append(paths, f.path)
	}
	slices.Sort(paths)
	return paths, writeAll(files)
}

func everything(string) (bool, error) { return true, nil }

// lacks reports whether there is no such file.
func (Directory) lacks(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return true, nil
	}
	return false, err
}

type file struct {
	path string
	data []byte
	mode fs.FileMode
}

// issue returns the files of all wanted certificates.
func (d Directory) issue(ca *issuer, names Names, wanted func(path string) (bool, error)) ([]file, error) {
	templates := map[Pair]*x509.Certificate{d.Operator(): operator()}
	for _, name := range names.KMEs {
		templates[d.KME(name)] = server(name, ".localhost", slices.Concat(names.Hosts, names.HostsOf[name]))
		templates[d.ToHubs(name)] = client(name)
	}
	for _, name := range names.Hubs {
		templates[d.Hub(name)] = server(name, ".hub.localhost", names.Hosts)
	}
	for _, id := range names.SAEs {
		if names.Requests[id] == nil {
			templates[d.SAE(id)] = sae(id)
		}
	}
	var files []file
	for pair, template := range templates {
		if is, err := wanted(pair.Certificate); err != nil || !is {
			if err != nil {
				return nil, err
			}
			continue
		}
		made, err := ca.issue(template)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", pair.Certificate, err)
		}
		files = append(files, pair.files(made)...)
	}
	signed, err := d.signRequests(ca, names)
	if err != nil || !names.Bundles {
		return append(files, signed...), err
	}
	bundles, err := d.bundle(ca, names, files, wanted)
	return slices.Concat(files, signed, bundles), err
}

func (p Pair) files(made issued) []file {
	return []file{{p.Certificate, made.certificate, 0o644}, {p.Key, made.key, 0o600}}
}

// writeAll writes all files, none of which may exist, or none.
func writeAll(files []file) error {
	for _, f := range files {
		if _, err := os.Lstat(f.path); err == nil {
			return fmt.Errorf("%s %w", f.path, ErrExists)
		}
	}
	var made []string // in the order of creation
	for _, f := range files {
		err := f.write(&made)
		if err == nil {
			continue
		}
		for _, path := range slices.Backward(made) {
			os.Remove(path) // a directory with other files remains
		}
		return err
	}
	return nil
}

// write writes a file that must not exist. It appends what it creates to made, also if it fails.
func (f file) write(made *[]string) error {
	if err := makeDirectory(filepath.Dir(f.path), made); err != nil {
		return err
	}
	out, err := os.OpenFile(f.path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, f.mode)
	if err != nil {
		return err
	}
	*made = append(*made, f.path)
	_, err = out.Write(f.data)
	return errors.Join(err, out.Close())
}

// makeDirectory makes a directory and those above it, unless they are there.
func makeDirectory(path string, made *[]string) error {
	if _, err := os.Stat(path); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if above := filepath.Dir(path); above != path {
		if err := makeDirectory(above, made); err != nil {
			return err
		}
	}
	err := os.Mkdir(path, 0o755)
	if err == nil {
		*made = append(*made, path)
	}
	return err
}
