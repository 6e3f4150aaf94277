package node

import (
	"crypto/subtle"
	"fmt"
	"slices"
)

// Directory lists what a network has enrolled: its clients, how each of them proves its identity
// out of band, its encryptors, and the hubs that it uses. The network gives the same directory to
// all its nodes before any of them takes a request, so that nobody else can ever take a name. It
// does not change, and is safe for concurrent use. A nil Directory is empty.
type Directory struct {
	open    bool
	clients []Enrolled
	byName  *Index
	owners  *Index // by encryptor
}

// Enrolled is a client in a [Directory]. It must not be changed.
type Enrolled struct {
	Name       string
	Token      string   // proves the client's identity; "": it has none
	Certified  bool     // it has a certificate; without that and a token, anybody can use its name
	URL        string   // its base, for example http://127.0.0.1:8100/client/carol; "" if hubs cannot reach it
	Encryptors []string // IDs
	Hubs       []string // names of the hubs that it uses
	Recipient  string   // age recipient that files with PSRD are sealed for; "" if unknown
}

// Same returns the client's own list of encryptors if it is equal to this one, so that a node need not
// keep the same texts once more, and otherwise this one. The client may be nil.
func (e *Enrolled) Same(encryptors []string) []string {
	if e != nil && slices.Equal(encryptors, e.Encryptors) {
		return e.Encryptors
	}
	return encryptors
}

// NewDirectory returns the directory of these clients; it keeps the slice. If open is set,
// strangers may register names that are not in it. It fails if a client or an encryptor occurs
// twice.
func NewDirectory(open bool, clients []Enrolled) (*Directory, error) {
	encryptors := 0
	for i := range clients {
		encryptors += len(clients[i].Encryptors)
	}
	d := &Directory{
		open:    open,
		clients: clients,
		byName:  NewIndex(len(clients), func(name string, i int) bool { return clients[i].Name == name }),
		owners:  NewIndex(encryptors, func(id string, i int) bool { return slices.Contains(clients[i].Encryptors, id) }),
	}
	for i := range clients {
		e := &clients[i]
		if _, ok := d.byName.Add(e.Name, i); !ok {
			return nil, fmt.Errorf("client %q is enrolled twice", e.Name)
		}
		for _, id := range e.Encryptors {
			if owner, ok := d.owners.Add(id, i); !ok {
				return nil, fmt.Errorf("encryptor %q belongs to the clients %q and %q", id, clients[owner].Name, e.Name)
			}
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
	return d.at(d.byName.Find(name))
}

// ClientOf returns the client that serves an encryptor, or nil.
func (d *Directory) ClientOf(encryptor string) *Enrolled {
	if d == nil {
		return nil
	}
	return d.at(d.owners.Find(encryptor))
}

// at returns the i-th client; nil: i is -1.
func (d *Directory) at(i int) *Enrolled {
	if i < 0 {
		return nil
	}
	return &d.clients[i]
}

// Clients returns all clients, in the order in which they were enrolled. The caller must not change
// the slice.
func (d *Directory) Clients() []Enrolled {
	if d == nil {
		return nil
	}
	return d.clients
}

// Uses reports whether the client uses the hub of that name.
func (e *Enrolled) Uses(hub string) bool { return slices.Contains(e.Hubs, hub) }

// Proof is what a caller presents out of band to prove its identity.
type Proof struct {
	Token string // "": none
	Name  string // name in the certificate of a client; "": no certificate
}

// Format implements [fmt.Formatter]; it leaves the token out.
func (p Proof) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "certificate of %q", p.Name) }

// Proves reports whether the proof is one of the client.
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
