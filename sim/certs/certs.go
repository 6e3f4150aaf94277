// Package certs makes and loads the certificates of a network that speaks mutual TLS: one
// certificate authority, certificates for every hub, KME and SAE, and one for the operator of the
// network. To hubs, a client shows a certificate of its own.
//
// They are for a simulated network. The key of the authority is beside them, so whoever can read
// the directory can impersonate everybody.
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
//	operator.crt, operator.key  not an SAE; for the network's own messages and the command line
//	kme/NAME.crt, kme/NAME.key  for every KME
//	client/NAME.crt, …          for every KME, as a client of hubs
//	hub/NAME.crt, hub/NAME.key  for every hub
//	sae/ID.crt, sae/ID.key      for every SAE; an ID is URL-encoded where necessary
//	sae/ID.pem, sae/ID.p12      the same in one file, if wanted
//	trusted/*.crt               further authorities, whose certificates count for SAEs
//
// A name that is too long for a file is cut, and ends in a comma and a part of its SHA-256.
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

// ToHubs returns the files that a KME shows to hubs as their client.
func (d Directory) ToHubs(kme string) Pair { return d.pair("client", kme) }

// Hub returns the files of a hub.
func (d Directory) Hub(name string) Pair { return d.pair("hub", name) }

// SAE returns the files of an SAE.
func (d Directory) SAE(id string) Pair { return d.pair("sae", id) }

// Bundle returns the files that hold everything an SAE needs.
func (d Directory) Bundle(id string) Bundle {
	return Bundle{d.file("sae", id, ".pem"), d.file("sae", id, ".p12")}
}

func (d Directory) pair(below, name string) Pair {
	return Pair{d.file(below, name, ".crt"), d.file(below, name, ".key")}
}

// file joins the extension to the name first, since an ID of two dots would otherwise lead out of
// the directory.
func (d Directory) file(below, name, extension string) string {
	return filepath.Join(string(d), below, fileName(name)+extension)
}

// Lengths of file names, in bytes. Every file system in use allows 255.
const (
	longestName = 255 - len(".crt")
	keptOfLong  = 200
)

// fileName returns the name of a file without its extension. An encoded name has no comma, so a cut
// name cannot equal another name.
func fileName(name string) string {
	encoded := url.PathEscape(name)
	if len(encoded) <= longestName {
		return encoded
	}
	kept := encoded[:keptOfLong]
	if percent := strings.LastIndexByte(kept, '%'); percent > keptOfLong-3 { // it would be cut off from its digits
		kept = kept[:percent]
	}
	digest := sha256.Sum256([]byte(name))
	return kept + "," + hex.EncodeToString(digest[:16])
}
