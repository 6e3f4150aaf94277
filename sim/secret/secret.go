// Package secret is the secret that the processes of one network share, and nobody else knows: a
// file, from which they derive the tokens with which clients prove their identity out of band.
// [Open] makes the file if it does not exist. Other machines need a copy of it.
//
// Whoever can read the file can pose as any client of the network.
package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

const (
	minSize = 16   // bytes of a secret; Open makes secrets of 26 bytes, with 128 bits of randomness
	maxSize = 4096 // bytes of the file
)

// Secret is the secret of a network. Its zero value is none.
type Secret struct{ key []byte }

// Open returns the secret in a file of one line, which only its owner may be able to read. If there
// is no such file, it makes one with a random secret. If several processes do so at once, all get
// the same secret.
func Open(file string) (Secret, error) {
	s, err := read(file)
	if !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	if err := create(file); err != nil {
		return Secret{}, fmt.Errorf("the secret of the network: %w", err)
	}
	return read(file)
}

// create creates the complete file or none. It does nothing if the file exists.
func create(file string) error {
	temporary, err := os.CreateTemp(filepath.Dir(file), ".secret-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(temporary.Name())
	_, err = io.WriteString(temporary, rand.Text()+"\n")
	if err := errors.Join(err, temporary.Sync(), temporary.Close()); err != nil {
		return err
	}
	if err := os.Link(temporary.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}

func read(file string) (Secret, error) {
	f, err := os.Open(file)
	if err != nil {
		return Secret{}, fmt.Errorf("the secret of the network: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return Secret{}, err
	}
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		return Secret{}, fmt.Errorf("%s can be read by others (mode %04o): they could pose as any client; chmod 600 it", file, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return Secret{}, err
	}
	key := strings.TrimSpace(string(text))
	if len(key) < minSize || len(text) > maxSize {
		return Secret{}, fmt.Errorf("%s holds no secret: write %d to %d bytes that nobody can guess, or remove it and let dske make one", file, minSize, maxSize)
	}
	return Secret{[]byte(key)}, nil
}

// Token returns the token of a client. It is always the same for the same client, and reveals
// neither the token of another one nor the secret.
func (s Secret) Token(client string) string {
	mac := hmac.New(sha256.New, s.key)
	io.WriteString(mac, "dske token 1 client/"+client)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:20])
}

// Format implements [fmt.Formatter]; it reveals nothing.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "a secret") }
