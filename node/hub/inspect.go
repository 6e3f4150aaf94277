package hub

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/google/uuid"

	"dske/node"
)

// Inspection describes a hub without any secret.
type Inspection struct {
	Name        string         `json:"name"`
	PeerClients []ClientStatus `json:"peer_clients"` // by name
	Shares      []ShareStatus  `json:"shares"`       // by key ID, the first of them

	// MoreShares is the number of shares besides those in Shares.
	MoreShares int `json:"nr_more_shares,omitempty"`
}

// maxListed is how many shares an [Inspection] lists.
const maxListed = 1000

// ClientStatus describes the association with a registered client.
type ClientStatus struct {
	ClientName     string   `json:"client_name"`
	EncryptorNames []string `json:"encryptor_names"`
	node.AssociationStatus
	Failures int `json:"nr_failed_verifications,omitempty"` // messages with a wrong tag

	// ForgeryChance is an upper bound on the probability that one of them would have been accepted,
	// such as 2^-110.5.
	ForgeryChance string `json:"forgery_chance,omitempty"`
}

// ShareStatus describes a share that waits to be fetched by one of its slaves.
type ShareStatus struct {
	KeyID      uuid.UUID `json:"key_id"`
	MasterSAE  string    `json:"master_sae_id"`
	SlaveSAE   string    `json:"slave_sae_id"`
	ShareIndex int       `json:"share_index"`
}

// Inspect returns a snapshot.
func (h *Hub) Inspect() Inspection {
	s := Inspection{Name: h.config.Name, PeerClients: []ClientStatus{}, Shares: h.shares.status()}
	if more := len(s.Shares) - maxListed; more > 0 {
		s.Shares, s.MoreShares = s.Shares[:maxListed], more
	}
	for _, p := range h.registered() {
		status := ClientStatus{
			ClientName:        p.name,
			EncryptorNames:    p.encryptors,
			AssociationStatus: node.StatusOfAssociation(&p.channel),
		}
		h.tellForgeries(&status)
		s.PeerClients = append(s.PeerClients, status)
	}
	return s
}

// registered returns the registered clients, sorted by name.
func (h *Hub) registered() []*peerClient {
	h.mu.Lock()
	defer h.mu.Unlock()
	clients := make([]*peerClient, 0, len(h.clients))
	for _, p := range h.clients {
		if p.registered {
			clients = append(clients, p)
		}
	}
	slices.SortFunc(clients, func(a, b *peerClient) int { return cmp.Compare(a.name, b.name) })
	return clients
}

func (s *shareStore) status() []ShareStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]ShareStatus, 0, len(s.shares))
	for key, shares := range s.shares {
		for _, sh := range shares {
			list = append(list, sh.status(key)...)
		}
	}
	slices.SortFunc(list, func(a, b ShareStatus) int {
		return cmp.Or(bytes.Compare(a.KeyID[:], b.KeyID[:]), cmp.Compare(a.SlaveSAE, b.SlaveSAE), cmp.Compare(a.MasterSAE, b.MasterSAE))
	})
	return list
}

// status describes the share once for each slave that has not fetched it.
func (s *share) status(key uuid.UUID) []ShareStatus {
	var list []ShareStatus
	for _, slave := range s.slaveSAEs {
		if !slices.Contains(s.delivered, slave) {
			list = append(list, ShareStatus{key, s.masterSAE, slave, s.Index})
		}
	}
	return list
}
