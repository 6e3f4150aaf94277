// Package certs makes and loads the certificates of a network that speaks mutual TLS: one certificate
// authority, a certificate for every KME, one for every SAE, and one for whoever operates the network.
//
// They are for a simulated network. The key of the authority lies beside them, so whoever reads the
// directory can be everybody.
package certs

import (
	"net/url"
	"path/filepath"
)

// Directory is the path of a directory with certificates and keys in PEM, as [Write] makes it:
//
//	ca.crt, ca.key              the authority
//	operator.crt, operator.key  no SAE; for the network's own messages and its command line
//	kme/NAME.crt, kme/NAME.key  for every KME
//	sae/ID.crt, sae/ID.key      for every SAE; an ID is URL-encoded where it has to be
type Directory string

// Pair is the files of a certificate and its key.
type Pair struct {
	Certificate string
	Key         string
}

// Authority returns the files of the authority.
func (d Directory) Authority() Pair { return d.pair("", "ca") }

// Operator returns the files of the operator.
func (d Directory) Operator() Pair { return d.pair("", "operator") }

// KME returns the files of a KME.
func (d Directory) KME(name string) Pair { return d.pair("kme", url.PathEscape(name)) }

// SAE returns the files of an SAE.
func (d Directory) SAE(id string) Pair { return d.pair("sae", url.PathEscape(id)) }

// pair joins the extensions to the name first: an ID of two dots would else lead out of the directory.
func (d Directory) pair(below, name string) Pair {
	file := func(extension string) string { return filepath.Join(string(d), below, name+extension) }
	return Pair{file(".crt"), file(".key")}
}
