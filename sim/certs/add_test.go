package certs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"dske/sim/certs"
)

// files returns everything below a directory, with the contents of files.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		found[path] = string(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestAddLeavesWhatIsThere(t *testing.T) {
	dir := write(t)
	before := files(t, string(dir))
	more := names
	more.SAEs = append([]string{"later"}, names.SAEs...)
	more.KMEs = append([]string{"celia"}, names.KMEs...)
	added, err := dir.Add(more)
	want := []string{dir.ToHubs("celia").Certificate, dir.ToHubs("celia").Key, dir.KME("celia").Certificate, dir.KME("celia").Key, dir.SAE("later").Certificate, dir.SAE("later").Key}
	if err != nil || !slices.Equal(added, want) {
		t.Fatalf("added %q, %v, want %q", added, err, want)
	}
	after := files(t, string(dir))
	for path, data := range before {
		if after[path] != data {
			t.Errorf("%s has changed", path)
		}
	}
	atServer, _, err, _ := handshake(server(t, dir, true), client(t, dir, dir.SAE("later"), "localhost"))
	if err != nil || atServer.VerifiedChains[0][0].Subject.CommonName != "later" {
		t.Errorf("later: %v", err)
	}
	if added, err := dir.Add(more); err != nil || len(added) > 0 {
		t.Errorf("added a second time: %q, %v", added, err)
	}
	if _, err := certs.Directory(t.TempDir()).Add(more); err == nil || !strings.Contains(err.Error(), "dske certs") {
		t.Errorf("without an authority: %v", err)
	}
}

func TestAllOrNothing(t *testing.T) {
	above := t.TempDir()
	dir := certs.Directory(filepath.Join(above, "a", "b"))
	long := certs.Directory(filepath.Join(above, strings.Repeat("a/", 2000), "b")) // longer than a path may be
	if err := long.Write(names); err == nil {
		t.Error("certificates were written to a path of 4 kB")
	}
	if left := files(t, above); len(left) > 0 {
		t.Errorf("left behind: %d files", len(left))
	}
	if entries, _ := os.ReadDir(above); len(entries) > 0 {
		t.Errorf("left behind: %v", entries)
	}
	if err := os.MkdirAll(string(dir), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(dir), "sae"), nil, 0o600); err != nil { // where a directory must be
		t.Fatal(err)
	}
	if err := dir.Write(names); err == nil {
		t.Error("certificates were written into a file")
	}
	if left := files(t, above); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	if err := os.Remove(filepath.Join(string(dir), "sae")); err != nil {
		t.Fatal(err)
	}
	if err := dir.Write(names); err != nil {
		t.Errorf("the retry: %v", err)
	}
}

// request returns a certificate signing request in PEM.
func request(t *testing.T, template *x509.CertificateRequest, key any) []byte {
	t.Helper()
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

func newKey(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestOnlyTheKeyOfARequestCounts(t *testing.T) {
	dir := write(t)
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "router", Organization: []string{"Example"}}, DNSNames: []string{"sam"}}
	data := request(t, template, newKey(t, elliptic.P384()))
	if name, err := certs.ReadRequest(data); name != "router" || err != nil {
		t.Errorf("read as a request of %q, %v", name, err)
	}
	added, err := dir.Add(certs.Names{Requests: map[string][]byte{"router": data}})
	if err != nil || !slices.Equal(added, []string{dir.SAE("router").Certificate}) {
		t.Fatalf("added %q, %v", added, err)
	}
	text, err := os.ReadFile(dir.SAE("router").Certificate)
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil || certificate.Subject.String() != "CN=router" || len(certificate.DNSNames) > 0 {
		t.Errorf("a certificate of %v and %q, %v", certificate.Subject, certificate.DNSNames, err)
	}
	if _, err := dir.Add(certs.Names{Requests: map[string][]byte{"router": data}}); !errors.Is(err, certs.ErrExists) {
		t.Errorf("a second time: %v", err)
	}
	if _, err := dir.Add(certs.Names{SAEs: []string{"router"}, Bundles: true}); err != nil { // its key is not here
		t.Error(err)
	}
}

func TestRequestsThatAreRefused(t *testing.T) {
	dir := write(t)
	short, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip(err)
	}
	template := &x509.CertificateRequest{Subject: pkix.Name{CommonName: "router"}}
	good := request(t, template, newKey(t, elliptic.P256()))
	block, _ := pem.Decode(good)
	block.Bytes[len(block.Bytes)-1] ^= 1
	for name, data := range map[string][]byte{
		"empty":           nil,
		"text":            []byte("hello"),
		"a certificate":   []byte(files(t, string(dir))[dir.SAE("sam").Certificate]),
		"RSA of 1024":     request(t, template, short),
		"P-224":           request(t, template, newKey(t, elliptic.P224())),
		"wrong signature": pem.EncodeToMemory(block),
	} {
		if _, err := certs.ReadRequest(data); err == nil {
			t.Errorf("%s is read", name)
		}
		if _, err := dir.Add(certs.Names{Requests: map[string][]byte{"router": data}}); err == nil && len(data) > 0 {
			t.Errorf("%s is signed", name)
		}
	}
	if _, err := os.Stat(dir.SAE("router").Certificate); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("something was written: %v", err)
	}
}

func FuzzReadRequest(f *testing.F) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: "router"}}, key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(der)
	f.Add(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der}))
	f.Add([]byte("-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if name, err := certs.ReadRequest(data); err != nil && name != "" {
			t.Errorf("%q, %v", name, err)
		}
	})
}

// vendor makes an authority, an intermediate of it, and a certificate of the intermediate for an
// SAE.
func vendor(t *testing.T, sae string) (root, intermediate []byte, leaf tls.Certificate) {
	t.Helper()
	var parent *x509.Certificate
	var parentKey *ecdsa.PrivateKey
	var made [][]byte
	for i, name := range []string{"Vendor root", "Vendor intermediate", sae} {
		template := &x509.Certificate{SerialNumber: big.NewInt(int64(i + 1)), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
			IsCA: i < 2, BasicConstraintsValid: true, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		key := newKey(t, elliptic.P256())
		if parent == nil {
			parent, parentKey = template, key
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &key.PublicKey, parentKey)
		if err != nil {
			t.Fatal(err)
		}
		if parent, err = x509.ParseCertificate(der); err != nil {
			t.Fatal(err)
		}
		parentKey = key
		made = append(made, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
		leaf = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	}
	return made[0], made[1], leaf
}

func TestFurtherAuthorities(t *testing.T) {
	root, intermediate, leaf := vendor(t, "sam")
	block, _ := pem.Decode(intermediate)
	whole := leaf
	whole.Certificate = append(slices.Clone(leaf.Certificate), block.Bytes)
	for name, test := range map[string]struct {
		trusted []byte
		shown   tls.Certificate
		works   bool
	}{
		"nobody is trusted":                       {nil, whole, false},
		"the root, and the chain is shown":        {root, whole, true},
		"the root, and the certificate alone":     {root, leaf, false},
		"the intermediate, the certificate alone": {intermediate, leaf, true},
		"both in one file, the certificate alone": {slices.Concat(root, intermediate), leaf, true},
	} {
		dir := write(t)
		if test.trusted != nil {
			if path, err := dir.Trust(test.trusted); err != nil {
				t.Errorf("%s: %s, %v", name, path, err)
			}
		}
		shows := client(t, dir, dir.SAE("sam"), "localhost")
		shows.Certificates = []tls.Certificate{test.shown}
		if _, _, err, _ := handshake(server(t, dir, true), shows); (err == nil) != test.works {
			t.Errorf("%s: %v", name, err)
		}
		own := x509.NewCertPool()
		own.AppendCertsFromPEM([]byte(files(t, string(dir))[dir.Authority().Certificate]))
		if !client(t, dir, dir.SAE("sam"), "localhost").RootCAs.Equal(own) {
			t.Errorf("%s: clients take KMEs of others", name)
		}
	}
	dir := write(t)
	for name, data := range map[string][]byte{
		"a certificate of no authority": []byte(files(t, string(dir))[dir.SAE("sam").Certificate]),
		"a key":                         []byte(files(t, string(dir))[dir.SAE("sam").Key]),
		"nothing":                       nil,
	} {
		if path, err := dir.Trust(data); err == nil {
			t.Errorf("%s is trusted: %s", name, path)
		}
	}
	if _, err := certs.Directory(t.TempDir()).Trust(root); err == nil {
		t.Error("a further authority without an own one")
	}
	if _, err := dir.Trust(root); err != nil {
		t.Error(err)
	}
	if _, err := dir.Trust(root); !errors.Is(err, certs.ErrExists) {
		t.Errorf("a second time: %v", err)
	}
}

// command runs a program, or skips the test if it is not installed.
func command(t *testing.T, name string, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath(name); err != nil {
		t.Skip(err)
	}
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %q: %v\n%s", name, args, err, out)
	}
	return string(out)
}

// greet serves the name of the caller.
func greet(t *testing.T, dir certs.Directory) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Write([]byte(r.TLS.PeerCertificates[0].Subject.CommonName))
	}))
	config, err := dir.Server(true, dir.KME("carol"))
	if err != nil {
		t.Fatal(err)
	}
	s.TLS = config
	s.StartTLS()
	t.Cleanup(s.Close)
	return s.URL
}

func TestCurlTakesWhatIsIssued(t *testing.T) {
	dir := certs.Directory(t.TempDir())
	few := certs.Names{KMEs: []string{"carol"}, SAEs: []string{"sam"}, Bundles: true}
	if err := dir.Write(few); err != nil {
		t.Fatal(err)
	}
	few.SAEs = append(few.SAEs, "sofia")
	if added, err := dir.Add(few); err != nil || len(added) != 4 {
		t.Errorf("added %q, %v", added, err)
	}
	url := greet(t, dir)
	call := func(args ...string) string {
		return command(t, "curl", append([]string{"-sS", "--cacert", dir.Authority().Certificate, url}, args...)...)
	}
	for _, id := range few.SAEs {
		b := dir.Bundle(id)
		if got := call("--cert-type", "P12", "--cert", b.PKCS12+":"+certs.Password); got != id {
			t.Errorf("with PKCS #12 %s is %q", id, got)
		}
		if got := call("--cert", b.PEM); got != id {
			t.Errorf("with a PEM of both %s is %q", id, got)
		}
	}
	key, csr := filepath.Join(t.TempDir(), "router.key"), filepath.Join(t.TempDir(), "router.csr")
	command(t, "openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", csr, "-subj", "/O=Example/CN=router")
	data, err := os.ReadFile(csr)
	if err != nil {
		t.Fatal(err)
	}
	id, err := certs.ReadRequest(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dir.Add(certs.Names{Requests: map[string][]byte{id: data}}); err != nil {
		t.Fatal(err)
	}
	if got := call("--cert", dir.SAE(id).Certificate, "--key", key); got != "router" {
		t.Errorf("with a signed request router is %q", got)
	}
}
