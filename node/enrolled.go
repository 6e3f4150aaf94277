package node

import (
	"crypto/subtle"
	"fmt"
	"slices"
	"strings"
)

// Enrolment is what a network enrols of a client.
type Enrolment struct {
	Name       string
	Token      string   // proves the client's identity; "": it has none
	Certified  bool     // it has a certificate; without that and a token, anybody can use its name
	URL        string   // its base, for example http://127.0.0.1:8100/client/carol; "" if hubs cannot reach it
	Encryptors []string // IDs
	Hubs       []string // names of the hubs that it uses
	Recipient  string   // age recipient that files with PSRD are sealed for; "" if unknown
}

// Enrolled is a client in a [Directory]. There may be a million, through which the garbage collector
// looks again and again, so all texts of a client are one. It must not be changed.
type Enrolled struct {
	texts     string // name, token, URL, recipient and encryptors, each with textEnd behind it
	hubs      []string
	certified bool
}

// textEnd is in no text of a client.
const textEnd = "\x00"

// texts returns the texts of the client that a directory keeps.
func (e *Enrolment) texts() []string {
	return append([]string{e.Name, e.Token, e.URL, e.Recipient}, e.Encryptors...)
}

// enrolIn returns what a directory keeps of the client, with the texts at the end of all, which has
// room for them.
func (e *Enrolment) enrolIn(all *strings.Builder) Enrolled {
	start := all.Len()
	for _, text := range e.texts() {
		all.WriteString(text)
		all.WriteString(textEnd)
	}
	return Enrolled{texts: all.String()[start:], hubs: e.Hubs, certified: e.Certified}
}

// Name returns the name of the client.
func (e *Enrolled) Name() string { return e.text(0) }

// Token returns the secret that proves the client's identity, or "" if it has none.
func (e *Enrolled) Token() string { return e.text(1) }

// URL returns the base URL of the client, or "" if hubs cannot reach it.
func (e *Enrolled) URL() string { return e.text(2) }

// Recipient returns the age recipient that files with PSRD are sealed for, or "" if it is unknown.
func (e *Enrolled) Recipient() string { return e.text(3) }

// IsCertified reports whether the client has a certificate.
func (e *Enrolled) IsCertified() bool { return e.certified }

// Encryptors returns the IDs of the client's encryptors.
func (e *Enrolled) Encryptors() []string {
	ids := strings.Split(e.from(4), textEnd)
	return ids[:len(ids)-1]
}

// from returns the texts from the i-th on.
func (e *Enrolled) from(i int) string {
	rest := e.texts
	for range i {
		_, rest, _ = strings.Cut(rest, textEnd)
	}
	return rest
}

// text returns the i-th text.
func (e *Enrolled) text(i int) string {
	text, _, _ := strings.Cut(e.from(i), textEnd)
	return text
}

// serves reports whether the encryptor is one of the client's.
func (e *Enrolled) serves(encryptor string) bool {
	for rest := e.from(4); rest != ""; {
		var id string
		if id, rest, _ = strings.Cut(rest, textEnd); id == encryptor {
			return true
		}
	}
	return false
}

// Same returns the same list of encryptors, with the texts of the directory if they are the client's,
// so that a node need not keep them once more. The client may be nil.
func (e *Enrolled) Same(encryptors []string) []string {
	if e != nil {
		if own := e.Encryptors(); slices.Equal(encryptors, own) {
			return own
		}
	}
	return encryptors
}

// Uses reports whether the client uses the hub of that name.
func (e *Enrolled) Uses(hub string) bool { return slices.Contains(e.hubs, hub) }

// Proof is what a caller presents out of band to prove its identity.
type Proof struct {
	Token string // "": none
	Name  string // name in the certificate of a client; "": no certificate
}

// Format implements [fmt.Formatter]; it leaves the token out.
func (p Proof) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "certificate of %q", p.Name) }

// Proves reports whether the proof is one of the client.
func (e *Enrolled) Proves(p Proof) bool {
	if e.certified && p.Name == e.Name() {
		return true
	}
	token := e.Token()
	if token == "" {
		return !e.certified
	}
	return subtle.ConstantTimeCompare([]byte(token), []byte(p.Token)) == 1
}

// Format implements [fmt.Formatter]; it leaves the token out.
func (e Enrolled) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "client %s with %q", e.Name(), e.Encryptors())
}

// Format implements [fmt.Formatter]; it leaves the token out.
func (e Enrolment) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "client %s with %q", e.Name, e.Encryptors)
}
