package node

import (
	"fmt"
	"strings"
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

// NewDirectory returns the directory of these clients. If open is set, strangers may register names
// that are not in it. It fails if a client or an encryptor occurs twice, or a text has a zero byte.
func NewDirectory(open bool, clients []Enrolment) (*Directory, error) {
	size, encryptors := 0, 0
	for i := range clients {
		for _, text := range clients[i].texts() {
			if strings.Contains(text, textEnd) {
				return nil, fmt.Errorf("client %q is enrolled with a zero byte in a text", clients[i].Name)
			}
			size += len(text) + len(textEnd)
		}
		encryptors += len(clients[i].Encryptors)
	}
	d := &Directory{open: open, clients: make([]Enrolled, len(clients))}
	d.byName = NewIndex(len(clients), func(name string, i int) bool { return d.clients[i].Name() == name })
	d.owners = NewIndex(encryptors, func(id string, i int) bool { return d.clients[i].serves(id) })
	var all strings.Builder
	all.Grow(size)
	for i := range clients {
		d.clients[i] = clients[i].enrolIn(&all)
		if err := d.add(i); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// add adds the i-th client to the indexes.
func (d *Directory) add(i int) error {
	e := &d.clients[i]
	if _, ok := d.byName.Add(e.Name(), i); !ok {
		return fmt.Errorf("client %q is enrolled twice", e.Name())
	}
	for _, id := range e.Encryptors() {
		if owner, ok := d.owners.Add(id, i); !ok {
			return fmt.Errorf("encryptor %q belongs to the clients %q and %q", id, d.clients[owner].Name(), e.Name())
		}
	}
	return nil
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
