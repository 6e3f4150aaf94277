// Package parcel is a file with pre-shared random data that somebody carries from a hub to a
// client: what a courier does in other networks, done by hand. [Seal] writes it and [Open] reads
// it.
//
// # In the clear
//
//	magic    12 bytes  "dske psrd 1\n"
//	length   4         bytes of the head; big-endian
//	head               JSON: who it is from and for, the terms of the network, and the blocks
//	blocks             their bytes, one after the other, in the order of the head
//	MAC      32        HMAC-SHA-256 of all before, with the token of the client as its key
//
// Nothing may follow. In the clear the file exists only in memory.
//
// # Sealed
//
// The sealed file is this data, encrypted with age (https://age-encryption.org/v1) for the
// recipient of the client: a hybrid of ML-KEM-768 and X25519, whose identity never leaves the
// client. So the file is of no use to somebody who finds or copies it, and a change anywhere makes
// it unusable. But anybody who knows the recipient, which is not secret, can encrypt a file for it.
// The MAC proves that the file comes from the network, since nobody else knows the token.
//
// # What this protects
//
// In suite its, PSRD protects keys even against unbounded computing power; sealing does not.
// Somebody who copies a file and can break age, now or in thirty years, has its PSRD. Sealing is a
// second protection, for a file that gets lost; the first is the people who carry it. Nodes that
// have the secret of the network know all tokens, so a dishonest hub could make a file in the name
// of another hub; it would also have to get it into the courier's hands.
package parcel
