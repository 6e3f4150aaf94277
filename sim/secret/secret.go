// Package secret is what the processes of one network share, and nobody else knows: a file, from
// which they derive how clients prove out of band who they are. [Open] makes the file if nobody has
// done so before; processes on other machines get a copy of it.
//
// Whoever reads the file can come as any client of the network.
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
	minSize = 16   // bytes of a secret; those that Open makes have 26, with 128 bits of randomness
	maxSize = 4096 // bytes of the file
)

// Secret is what the processes of a network share. Its zero value is none.
type Secret struct{ key []byte }

// Open returns the secret in a file of one line, which is for its owner alone. If there is no such
// file, it makes one with a secret that was drawn; of several processes that do so at once, all
// have the same one.
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

// create makes the file whole or not at all, unless it is there.
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
		return Secret{}, fmt.Errorf("%s can be read by others (mode %04o): they could come as any client; chmod 600 it", file, info.Mode().Perm())
	}
	text, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return Secret{}, err
	}
	key := strings.TrimSpace(string(text))
	if len(key) < minSize || len(text) > maxSize {
		return Secret{}, fmt.Errorf("%s holds no secret: write %d to %d bytes that nobody can guess, or remove it and have one made", file, minSize, maxSize)
	}
	return Secret{[]byte(key)}, nil
}

// Token returns what a client proves itself with: always the same for the same client, and nothing
// that tells that of another one, or the secret.
func (s Secret) Token(client string) string {
	mac := hmac.New(sha256.New, s.key)
	io.WriteString(mac, "dske token 1 client/"+client)
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:20])
}

// Format implements [fmt.Formatter]; it shows nothing.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, "a secret") }
