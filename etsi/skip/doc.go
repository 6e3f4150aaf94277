// Package skip delivers keys over the Secure Key Integration Protocol (SKIP, draft-cisco-skip-02,
// resubmitted as draft-singh-skip-00), which routers and VPN gateways speak to a key provider
// beside them.
//
// Where ETSI GS QKD 014 knows SAEs, SKIP knows systems: an encryptor asks the provider of its own
// system for a key to share with a remote system, and the encryptor over there asks its own
// provider for the key with that ID. Here a system is a KME, and its keys are those that one SAE of
// it, see [SAE], shares with that of another system. So both interfaces deliver from the same
// store, and neither can fetch what was made over the other one.
//
// Served are, with GET only and below the path where [Register] is called,
//
//	/capabilities
//	/key?remoteSystemID=[&size=]
//	/key/{keyId}?remoteSystemID=
//	/entropy[?minentropy=]
//
// Keys, key IDs and random strings are in hex, of either case in a request, sizes in bits. Errors
// have the form of the other interface: {"message": "…", "details": […]}. What the two drafts
// differ in is not known: of the second one only the front matter was to be had.
//
// # Beyond the draft, and short of it
//
//   - TLS is with certificates: 1.3 with TLS_AES_256_GCM_SHA384, or 1.2 with
//     TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384. Pre-shared keys, which the draft recommends, and CBC
//     with SHA-256 are not in crypto/tls; a proxy can do the former, see the README.
//   - Over TLS a caller shows the certificate of an SAE, or gets a 401, which the draft has not.
//     Plain HTTP is for experiments: there anybody is answered.
//   - A provider that has no other system to share keys with names none, and says that it has no
//     keys. The draft wants one named at least.
//   - Remote systems are named one by one, without patterns. The IDs of systems are names of KMEs, of
//     up to 63 bytes; the draft has encryptors cope with 32.
//   - A key has 64 to 16,777,216 bits, in steps of 8; a sample of entropy 1 to 65,536, rounded up to
//     bytes, as it says. The draft gives no bounds. A remoteSystemID that is missing, repeated,
//     unknown or the own one is a 400, about which the draft says nothing, and unknown parameters
//     are ignored. A key that cannot be made now is a 503.
package skip

// SAE returns the SAE ID under which the keys of a system are made and fetched.
func SAE(system string) string { return "skip:" + system }
