package node

import (
	"crypto/subtle"
	"fmt"
	"slices"
)

// Directory is whom a network has enrolled: its clients, how each of them proves itself out of
// band, its encryptors, and the hubs that it uses. The network hands the same one to all its nodes
// before any of them takes a request, so that at no moment somebody else can take a name. It does
// not change, and may be used by several goroutines. A nil Directory has nobody in it.
type Directory struct {
	open    bool
	clients []Enrolled
	byName  map[string]*Enrolled
	owners  map[string]*Enrolled // by encryptor
}

// Enrolled is a client in a [Directory]. Nothing of it may be changed.
type Enrolled struct {
	Name       string
	Token      string   // that it proves itself with; "": it has none
	Certified  bool     // it has a certificate; without that and a token, anybody can come as it
	URL        string   // its base, for example http://127.0.0.1:8100/client/carol; "": hubs cannot reach it
	Encryptors []string // IDs
	Hubs       []string // names of those that it uses
	Recipient  string   // what files with PSRD are sealed for; "": it is not known
}

// NewDirectory returns the directory of these clients, which it keeps. In an open one, strangers
// may register names that are not in it. It fails if a client, or an encryptor, is there twice.
func NewDirectory(open bool, clients []Enrolled) (*Directory, error) {
	d := &Directory{
		open:    open,
		clients: clients,
		byName:  make(map[string]*Enrolled, len(clients)),
		owners:  make(map[string]*Enrolled, len(clients)),
	}
	for i := range clients {
		e := &clients[i]
		if d.byName[e.Name] != nil {
			return nil, fmt.Errorf("client %q is enrolled twice", e.Name)
		}
		d.byName[e.Name] = e
		for _, id := range e.Encryptors {
			if owner := d.owners[id]; owner != nil {
				return nil, fmt.Errorf("encryptor %q is of the clients %q and %q", id, owner.Name, e.Name)
			}
			d.owners[id] = e
		}
	}
	return d, nil
}

// IsOpen reports whether strangers may register names that are not in the directory.
func (d *Directory) IsOpen() bool { return d != nil && d.open }

// Client returns the client of that name, or nil.
func (d *Directory) Client(name string) *Enrolled {
	if d == nil {
		return nil
	}
	return d.byName[name]
}

// ClientOf returns the client that serves an encryptor, or nil.
func (d *Directory) ClientOf(encryptor string) *Enrolled {
	if d == nil {
		return nil
	}
	return d.owners[encryptor]
}

// Clients returns all clients, in the order in which they were enrolled. The slice must not be
// changed.
func (d *Directory) Clients() []Enrolled {
	if d == nil {
		return nil
	}
	return d.clients
}

// Uses reports whether the client uses the hub of that name.
func (e *Enrolled) Uses(hub string) bool { return slices.Contains(e.Hubs, hub) }

// Proof is what somebody shows out of band to be a client.
type Proof struct {
	Token string // "": none
	Name  string // in a certificate of a client; "": none was shown
}

// Format implements [fmt.Formatter]; it leaves the token out.
func (p Proof) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "certificate of %q", p.Name) }

// Proves reports whether whoever shows that can be the client.
func (e *Enrolled) Proves(p Proof) bool {
	if e.Certified && p.Name == e.Name {
		return true
	}
	if e.Token == "" {
		return !e.Certified
	}
	return subtle.ConstantTimeCompare([]byte(e.Token), []byte(p.Token)) == 1
}

// Format implements [fmt.Formatter]; it leaves the token out.
func (e Enrolled) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "client %s with %q", e.Name, e.Encryptors)
}
