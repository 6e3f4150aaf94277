// Package certs makes and loads the certificates of a network that speaks mutual TLS: one
// certificate authority, certificates for every hub, KME and SAE, and one for whoever operates the
// network. A client shows one of its own to hubs, so that they know it.
//
// They are for a simulated network. The key of the authority lies beside them, so whoever reads the
// directory can be everybody.
package certs

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path/filepath"
	"strings"
)

// Directory is the path of a directory with certificates and keys in PEM, as [Directory.Write]
// makes it:
//
//	ca.crt, ca.key              the authority
//	operator.crt, operator.key  no SAE; for the network's own messages and its command line
//	kme/NAME.crt, kme/NAME.key  for every KME
//	client/NAME.crt, …          for every KME, to be known by to hubs
//	hub/NAME.crt, hub/NAME.key  for every hub
//	sae/ID.crt, sae/ID.key      for every SAE; an ID is URL-encoded where it has to be
//	sae/ID.pem, sae/ID.p12      the same in one file, if so wanted
//	trusted/*.crt               further authorities, whose certificates of SAEs count too
//
// A name that is too long for a file is cut, and has a comma and a part of its SHA-256 at the end.
type Directory string

// Pair is the files of a certificate and its key.
type Pair struct {
	Certificate string
	Key         string
}

// Bundle is the files that hold a certificate, its key and, in PKCS #12, the authority.
type Bundle struct {
	PEM    string
	PKCS12 string // with [Password]
}

// Authority returns the files of the authority.
func (d Directory) Authority() Pair { return d.pair("", "ca") }

// Operator returns the files of the operator.
func (d Directory) Operator() Pair { return d.pair("", "operator") }

// KME returns the files of a KME.
func (d Directory) KME(name string) Pair { return d.pair("kme", name) }

// ToHubs returns the files with which a KME is a client of hubs.
func (d Directory) ToHubs(kme string) Pair { return d.pair("client", kme) }

// Hub returns the files of a hub.
func (d Directory) Hub(name string) Pair { return d.pair("hub", name) }

// SAE returns the files of an SAE.
func (d Directory) SAE(id string) Pair { return d.pair("sae", id) }

// Bundle returns the files of an SAE that hold all that it needs.
func (d Directory) Bundle(id string) Bundle {
	return Bundle{d.file("sae", id, ".pem"), d.file("sae", id, ".p12")}
}

func (d Directory) pair(below, name string) Pair {
	return Pair{d.file(below, name, ".crt"), d.file(below, name, ".key")}
}

// file joins the extension to the name first: an ID of two dots would else lead out of the
// directory.
func (d Directory) file(below, name, extension string) string {
	return filepath.Join(string(d), below, fileName(name)+extension)
}

// Lengths of file names, in bytes. No file system in use takes less than 255.
const (
	longestName = 255 - len(".crt")
	keptOfLong  = 200
)

// fileName returns the name of a file without its extension. An encoded name has no comma, so no
// cut one is that of another name.
func fileName(name string) string {
	encoded := url.PathEscape(name)
	if len(encoded) <= longestName {
		return encoded
	}
	kept := encoded[:keptOfLong]
	if percent := strings.LastIndexByte(kept, '%'); percent > keptOfLong-3 { // which would be cut off from its digits
		kept = kept[:percent]
	}
	digest := sha256.Sum256([]byte(name))
	return kept + "," + hex.EncodeToString(digest[:16])
}
