package sim

import (
	"crypto/tls"
	"net/url"
	"testing"
)

func TestEachPortShowsItsKME(t *testing.T) {
	dir := certify(t)
	n := start(t, Config{KMEListen: kmePorts, TLS: dir})
	config, err := dir.Client(dir.SAE("sam"))
	if err != nil {
		t.Fatal(err)
	}
	config.ServerName = "localhost"
	for _, name := range []string{"carol", "connie", "curtis"} {
		u, err := url.Parse(n.port(name))
		if err != nil {
			t.Fatal(err)
		}
		connection, err := tls.Dial("tcp", u.Host, config)
		if err != nil {
			t.Fatal(err)
		}
		if got := connection.ConnectionState().PeerCertificates[0].Subject.CommonName; got != name {
			t.Errorf("the port of %s shows the certificate of %s", name, got)
		}
		connection.Close()
	}
}
