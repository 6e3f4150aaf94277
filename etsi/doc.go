// Package etsi delivers keys over the REST interface of ETSI GS QKD 014 V1.1.1, from either end.
//
// In the words of the standard, an application that needs keys (such as an encryptor) is a secure
// application entity, SAE, and the entity that it asks for them is a key management entity, KME.
// Two SAEs come to share a key in three steps: the master SAE calls Get key at its own KME and
// names the slave SAE; it sends the slave the ID of the key, over any channel; the slave calls Get
// key with key IDs at the KME that serves it and names the master.
//
// To get keys, fill in a [Client] and call its methods. To deliver keys, implement [KME] and mount
// it with [Register]: the package then reads the requests, identifies the calling SAE, applies the
// defaults, checks the limits, and writes the answers and errors that the standard prescribes.
//
// These are served below the path where Register is called:
//
//	GET  /api/v1/keys/{slave SAE ID}/status
//	GET  /api/v1/keys/{slave SAE ID}/enc_keys?number=&size=
//	POST /api/v1/keys/{slave SAE ID}/enc_keys      a Key request
//	GET  /api/v1/keys/{master SAE ID}/dec_keys?key_ID=
//	POST /api/v1/keys/{master SAE ID}/dec_keys     Key IDs
//
// [Identify] finds the caller: over TLS, the holder of the certificate.
//
// SAE IDs are opaque strings, URL-encoded in a path. The size of a key is always in bits.
package etsi
