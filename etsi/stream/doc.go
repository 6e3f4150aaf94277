// Package stream delivers keys over the interface of ETSI GS QKD 004 V2.1.1, from either end:
// streams of key, cut into chunks that are numbered from 0.
//
// The text of the standard was not at hand, and it fixes calls, parameters and statuses but no wire
// format. The framing is the one of QUBIP/etsi-qkd-004 and of what builds on it (qursa-uc3m's C
// wrapper, strongSwan plugins and KEM provider), here called A: binary messages over TLS, any
// number of them on a connection. ETSI's own C library and its forks use another one, B: who opens
// a stream in it is refused in it. QUBIP's client, at commit acc76c5, was run against this server,
// over mutual TLS.
//
// A stream goes from one SAE to another one:
//
//   - OPEN_CONNECT with a key stream ID (KSID) of zeros makes a stream. The caller is who its certificate says,
//     as with ETSI GS QKD 014; the host in a URI, the destination's unless that is the caller, names the other SAE. So a
//     client that connects to its destination has to find the KME under the SAE's name, in the KME's certificate too.
//   - The caller tells the other SAE the KSID that it got, and that one opens the stream at its own KME.
//   - GET_KEY delivers the chunk with an index: the same at both ends, and to each end once.
//   - CLOSE ends the stream at the own end, and costs the other end nothing that is made.
//
// To serve streams, call [Serve] with a KME; to use them, [Dial].
//
// # How two KMEs come to the same chunks
//
// They share nothing but the keys that they can make and fetch as for ETSI GS QKD 014. A stream is
// a chain of such keys, its blocks. The KSID is the ID of the first one, random and made by the
// KME, so that only the two SAEs that the key is for can open the stream. A block holds chunks and,
// in its last 16 bytes, the ID of the next block. Those bytes are uniform and known to nobody but
// the two KMEs until the block is made, so the IDs of blocks are as hard to foresee as those of
// other keys, and tell as little about keys. Block j has 16 chunks times 2 to the power of j, but
// at most 1024, and at most 64 KiB. The KME of who made the stream makes a block when half of the
// one before has been passed; what a client pays for is what it uses. A block that could not be
// made ends the stream at this end, for the other end may have it.
//
// # Limits
//
// A stream lives in the memory of a KME, until it is closed or has not been used for its time to
// live, at most an hour. Blocks that have not been fetched are gone from the network an hour after
// they were made: so far the ends can be apart. A KME that cannot make a key under an ID that it is
// given has streams of one block: 16 chunks. An SAE that takes the ID of some other key of its own
// for a KSID loses that key. Rates and priorities are not promised; they are given back as they
// come.
package stream
