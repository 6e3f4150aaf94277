package conformance

import (
	"fmt"
	"net/http"
)

var errorChecks = []check{
	{"6.5", "an error is a JSON object with a message", func(s *session) error {
		_, _, err := s.refused(s.encKeys("size=129", ""), http.StatusBadRequest)
		return err
	}},
	{"6.5", "the details, if any, are objects", func(s *session) error {
		_, details, err := s.refused(s.encKeys("", mandatoryRoute), http.StatusBadRequest)
		for _, item := range details {
			if _, ok := item.(map[string]any); !ok {
				err = fmt.Errorf("a detail is %v", item)
			}
		}
		return err
	}},
	{"6.5", "Content-Type of an error is application/json", isJSON(byQuery("size=129"))},
}

// Identification of the caller. Clause 5 requires mutual authentication over TLS.
var identityChecks = []check{
	{"5 identity", "status at a KME that does not serve the SAE is 401", foreign("status")},
	{"5 identity", "enc_keys at a KME that does not serve the SAE is 401", foreign("enc_keys")},
	{"5 identity", "dec_keys at a KME that does not serve the SAE is 401", foreign("dec_keys")},
	{"5 identity", "the body of a 401, for which the standard defines none, is empty or an error", func(s *session) error {
		a, err := s.do(foreignCall(s, "enc_keys"))
		if err == nil && len(a.body) > 0 {
			_, _, err = a.refusal()
		}
		return err
	}},
	{"5 identity", "the caller is identified before the request is checked", func(s *session) error {
		c := foreignCall(s, "enc_keys")
		c.query = "size=129"
		return unauthorized(s, c)
	}},
	{"5 identity", "over HTTP, an unknown SAE is 401", func(s *session) error {
		if s.Master.isTLS() {
			return skip("for plain HTTP")
		}
		c := toStatus("")(s)
		c.from.SAE = nobody
		return unauthorized(s, c)
	}},
	{"5 identity", "over TLS, no certificate is 401 or a refused handshake", withClient(func(s *session) *http.Client { return s.NoCertificate }, true)},
	{"5 identity", "over TLS, a certificate of another authority is refused in the handshake", withClient(func(s *session) *http.Client { return s.Stranger }, false)},
}

// foreignCall is a call of the slave at the KME of the master.
func foreignCall(s *session, name string) call {
	from := s.Slave
	from.URL = s.Master.URL
	return call{from: from, peer: s.Master.SAE, name: name, query: map[string]string{"dec_keys": "key_ID=" + unknownID}[name]}
}

func foreign(name string) func(*session) error {
	return func(s *session) error { return unauthorized(s, foreignCall(s, name)) }
}

func unauthorized(s *session, c call) error {
	if s.Master.URL == s.Slave.URL {
		return skip("takes two KMEs")
	}
	a, err := s.do(c)
	if err != nil {
		return err
	}
	return a.expect(http.StatusUnauthorized)
}

// withClient succeeds if an HTTP client other than the master's gets no answer or, if or401 is set,
// a 401.
func withClient(client func(*session) *http.Client, or401 bool) func(*session) error {
	return func(s *session) error {
		c := toStatus("")(s)
		if c.from.HTTP = client(s); c.from.HTTP == nil || !s.Master.isTLS() {
			return skip("for TLS")
		}
		a, err := s.do(c)
		if err != nil && s.ctx.Err() == nil { // the handshake failed
			return nil
		}
		if err == nil && or401 {
			err = a.expect(http.StatusUnauthorized)
		} else if err == nil {
			err = fmt.Errorf("the KME answers with status %d", a.status)
		}
		return err
	}
}
