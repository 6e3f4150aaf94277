// Package parcel is a file with pre-shared random data that somebody carries from a hub to a
// client: what a courier does in other networks, by hand. [Seal] writes it and [Open] reads it.
//
// # In the clear
//
//	magic    12 bytes  "dske psrd 1\n"
//	length   4         bytes of the head; big-endian
//	head               JSON: who it is from and for, the terms of the network, and the blocks
//	blocks             their bytes, one after the other, in the order of the head
//	MAC      32        HMAC-SHA-256 of all before, with the token of the client as its key
//
// Nothing may follow. In the clear it exists in memory alone.
//
// # Sealed
//
// The file is that, encrypted with age (https://age-encryption.org/v1) for the recipient of the
// client: a hybrid of ML-KEM-768 and X25519, whose identity never leaves the client. So who finds
// the file, or copies it, has nothing, and who alters it, anywhere, has made it useless. But
// anybody who knows the recipient, which is no secret, can encrypt a file for it: that it is of the
// network the MAC says, since nobody else knows the token.
//
// # What that is worth
//
// PSRD in suite its is as good as secret from whom computing power does not bound; sealing is not.
// Whoever copies a file and can break age, now or in thirty years, has its PSRD. It is a second
// lock for a file that gets lost: the first is the hands that it is in. Nodes that hold the secret
// of the network know all tokens, so a dishonest hub could make a file in the name of another one;
// it has to put it into the courier's hands, too.
package parcel
