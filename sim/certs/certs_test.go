package certs_test

import (
	"crypto/tls"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"dske/sim/certs"
)

var names = certs.Names{
	Hubs:  []string{"hank", "carol"},
	KMEs:  []string{"carol", "connie", "a_b", "a..b", "a-", "0"},
	SAEs:  []string{"sam", "sofia", "a/b", "..", "é 50%", strings.Repeat("x", 255), strings.Repeat("x", 254), strings.Repeat("/", 255), strings.Repeat("é", 127)},
	Hosts: []string{"kme.example", "192.0.2.1"},

	HostsOf: map[string][]string{"connie": {"connie.example", "192.0.2.2"}, "nobody": {"nobody.example"}},
}

func write(t *testing.T) certs.Directory {
	t.Helper()
	dir := certs.Directory(filepath.Join(t.TempDir(), "new", "certs"))
	if err := dir.Write(names); err != nil {
		t.Fatal(err)
	}
	return dir
}

func server(t *testing.T, dir certs.Directory, everybody bool) *tls.Config {
	t.Helper()
	var shown []certs.Pair
	for _, name := range names.KMEs {
		shown = append(shown, dir.KME(name))
	}
	config, err := dir.Server(everybody, shown...)
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func client(t *testing.T, dir certs.Directory, shown certs.Pair, host string) *tls.Config {
	t.Helper()
	config, err := dir.Client(shown)
	if err != nil {
		t.Fatal(err)
	}
	config.ServerName = host
	return config
}

// handshake returns the view of each end of the other.
func handshake(server, client *tls.Config) (atServer, atClient tls.ConnectionState, serverErr, clientErr error) {
	a, b := net.Pipe()
	ended := make(chan struct{})
	s, c := tls.Server(a, server), tls.Client(b, client)
	go func() {
		defer close(ended)
		serverErr = s.Handshake()
		a.Close()
	}()
	clientErr = c.Handshake()
	if clientErr == nil {
		c.Read(make([]byte, 1)) // a server refuses after the client's last message
	}
	b.Close()
	<-ended
	return s.ConnectionState(), c.ConnectionState(), serverErr, clientErr
}

func TestEverybodyIsWhoTheyAre(t *testing.T) {
	dir := write(t)
	for _, everybody := range []bool{false, true} {
		for _, id := range names.SAEs {
			atServer, _, err, _ := handshake(server(t, dir, everybody), client(t, dir, dir.SAE(id), "localhost"))
			if err != nil || atServer.VerifiedChains[0][0].Subject.CommonName != id {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
	for _, host := range []string{"127.0.0.1", "::1", "192.0.2.1", "kme.example", "connie.localhost", "connie.example"} {
		_, atClient, _, err := handshake(server(t, dir, false), client(t, dir, dir.SAE("sam"), host))
		want := "carol"
		if strings.HasPrefix(host, "connie") {
			want = "connie"
		}
		if err != nil || atClient.PeerCertificates[0].Subject.CommonName != want {
			t.Errorf("%s: %v, want the certificate of %s", host, err, want)
		}
	}
}

func TestRefusedHandshakes(t *testing.T) {
	dir, other := write(t), write(t)
	none := client(t, dir, dir.SAE("sam"), "localhost")
	none.Certificates = nil
	foreign := client(t, dir, other.SAE("sam"), "localhost")
	stranger, err := dir.Stranger("sam")
	if err != nil {
		t.Fatal(err)
	}
	stranger.ServerName = "localhost"
	kme := client(t, dir, dir.KME("carol"), "localhost")
	old := client(t, dir, dir.SAE("sam"), "localhost")
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	older := client(t, dir, dir.SAE("sam"), "localhost")
	older.MaxVersion = tls.VersionTLS12
	for _, test := range []struct {
		name      string
		client    *tls.Config
		everybody bool
		works     bool
	}{
		{"no certificate", none, false, true},
		{"no certificate where everybody shows one", none, true, false},
		{"certificate of another authority", foreign, false, false},
		{"certificate of a new authority", stranger, false, false},
		{"certificate of a KME", kme, false, false},
		{"TLS 1.1", old, false, false},
		{"TLS 1.2", older, true, true},
	} {
		if _, _, err, _ := handshake(server(t, dir, test.everybody), test.client); (err == nil) != test.works {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	if _, _, _, err := handshake(server(t, other, false), client(t, dir, dir.SAE("sam"), "localhost")); err == nil {
		t.Error("a client trusts a KME of another authority")
	}
	if _, _, _, err := handshake(server(t, dir, false), client(t, dir, dir.SAE("sam"), "other.example")); err == nil {
		t.Error("a client takes a KME for another host")
	}
}

func TestKeysAreForTheOwnerOnly(t *testing.T) {
	dir := write(t)
	keys := 0
	err := filepath.WalkDir(string(dir), func(path string, entry fs.DirEntry, err error) error {
		if err != nil || filepath.Ext(path) != ".key" {
			return err
		}
		keys++
		info, err := entry.Info()
		if err == nil && info.Mode() != 0o600 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	if want := 2 + len(names.Hubs) + 2*len(names.KMEs) + len(names.SAEs); err != nil || keys != want {
		t.Errorf("%d keys, want %d (%v)", keys, want, err)
	}
}

func TestNothingIsOverwritten(t *testing.T) {
	dir := write(t)
	before, err := os.ReadFile(dir.SAE("sam").Key)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{dir.Authority().Certificate, dir.SAE("sam").Key, dir.KME("carol").Certificate} {
		if err := dir.Write(names); !errors.Is(err, certs.ErrExists) {
			t.Errorf("got %v, want %v", err, certs.ErrExists)
		}
		if err := os.Rename(file, file+".away"); err != nil {
			t.Fatal(err)
		}
	}
	if after, _ := os.ReadFile(dir.SAE("sam").Key + ".away"); string(after) != string(before) {
		t.Error("a key has changed")
	}
	if _, err := os.Stat(dir.Authority().Certificate); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

func TestLoadErrors(t *testing.T) {
	dir := write(t)
	_, noDirectory := certs.Directory(t.TempDir()).Server(false)
	_, noKME := dir.Server(false, dir.KME("nobody"))
	_, noSAE := dir.Client(dir.SAE("mallory"))
	if err := os.WriteFile(dir.Authority().Certificate, []byte("oops"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, noCertificate := dir.Client(dir.SAE("sam"))
	if _, err := dir.Anonymous(); err == nil {
		t.Error("an anonymous client needs no authority")
	}
	if _, err := dir.Stranger("sam"); err == nil {
		t.Error("a stranger needs no authority")
	}
	for want, err := range map[string]error{
		"dske certs makes it":  noDirectory,
		"nobody.crt":           noKME,
		"mallory.crt":          noSAE,
		"holds no certificate": noCertificate,
	} {
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
