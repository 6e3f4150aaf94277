// Package skip delivers keys over the Secure Key Integration Protocol (SKIP, draft-cisco-skip-02,
// resubmitted as draft-singh-skip-00), which routers and VPN gateways use with a local key
// provider.
//
// Where ETSI GS QKD 014 has SAEs, SKIP has systems: an encryptor asks the provider of its own
// system for a key to share with a remote system, and the encryptor there asks its own provider for
// the key with that ID. Here a system is a KME, and its keys are those that one of its SAEs, see
// [SAE], shares with that of another system. So both interfaces deliver from the same store, and
// neither can fetch keys that were made over the other.
//
// These are served, with GET only, below the path where [Register] is called:
//
//	/capabilities
//	/key?remoteSystemID=[&size=]
//	/key/{keyId}?remoteSystemID=
//	/entropy[?minentropy=]
//
// Keys, key IDs and random strings are in hex (of either case in a request), sizes in bits. Errors
// have the form of the other interface: {"message": "…", "details": […]}. The differences between
// the two drafts are unknown: only the front matter of the second was available.
//
// # Differences from the draft
//
//   - TLS is with certificates: 1.3 with TLS_AES_256_GCM_SHA384, or 1.2 with
//     TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384. Pre-shared keys, which the draft recommends, and CBC
//     with SHA-256 are not in crypto/tls; a proxy can do the former, see the README.
//   - Over TLS a caller without the certificate of an SAE gets a 401, which the draft does not
//     have. Plain HTTP is for experiments: there every caller is answered.
//   - A provider without other systems to share keys with names none, and says that it has no keys.
//     The draft requires at least one.
//   - Remote systems are named one by one, without patterns. The IDs of systems are names of KMEs,
//     of up to 63 bytes; the draft requires encryptors to support 32.
//   - A key has 64 to 16,777,216 bits, in steps of 8. A sample of entropy has 1 to 65,536 bits,
//     rounded up to bytes; the answer has the rounded number. The draft gives no bounds. A
//     remoteSystemID that is missing, repeated, unknown or the system's own is a 400, about which
//     the draft says nothing. Unknown parameters are ignored. A key that cannot be made now is a
//     503.
package skip

// SAE returns the SAE ID under which the keys of a system are made and fetched.
func SAE(system string) string { return "skip:" + system }
