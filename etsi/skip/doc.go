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
// Keys, key IDs and random strings are in hex, sizes in bits. Errors have the form of the other
// interface: {"message": "…", "details": […]}.
package skip

// SAE returns the SAE ID under which the keys of a system are made and fetched.
func SAE(system string) string { return "skip:" + system }
