package deploy

import (
	"encoding/base64"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// readSecrets reads the files that nodes need: the secret of the network, and all certificates
// except those of encryptors. The key of the authority stays where it was made.
func (p *plan) readSecrets(secretFile string) error {
	add := func(path, name string) error {
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		p.Files = append(p.Files, file{strings.ReplaceAll(name, "/", "."), name, base64.StdEncoding.EncodeToString(data)})
		return nil
	}
	if err := add(secretFile, "secret"); err != nil {
		return err
	}
	root := filepath.Join(p.Out, "certs")
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		if err != nil || name == "ca.key" || strings.HasPrefix(name, "sae/") {
			return err
		}
		return add(path, "certs/"+name)
	})
}
