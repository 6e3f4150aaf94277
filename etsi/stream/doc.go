// Package stream delivers keys over the interface of ETSI GS QKD 004 V2.1.1, from either end:
// streams of key, divided into chunks that are numbered from 0.
//
// The text of the standard was not available, and it defines calls, parameters and statuses but no
// wire format. The framing is that of QUBIP/etsi-qkd-004 and of the programs based on it
// (qursa-uc3m's C wrapper, strongSwan plugins and KEM provider), here called A: binary messages
// over TLS, any number of them on a connection. ETSI's own C library and its forks use another
// framing, B: a request to open a stream in B is refused in B. QUBIP's client, at commit acc76c5,
// was run against this server, over mutual TLS.
//
// A stream connects two SAEs:
//
//   - OPEN_CONNECT with a key stream ID (KSID) of zeros makes a stream. The certificate identifies
//     the caller, as with ETSI GS QKD 014. The host in a URI names the other SAE: the destination's
//     host or, if that is the caller, the source's. So a client that connects to its destination
//     must find the KME under the SAE's name, in the KME's certificate, too.
//   - The caller sends the KSID to the other SAE, which opens the stream at its own KME.
//   - GET_KEY delivers the chunk with an index: the same at both ends, and to each end once.
//   - CLOSE ends the stream at the caller's end. The other end keeps the chunks that were made.
//
// To serve streams, call [Serve] with a KME; to use them, [Dial].
//
// # How two KMEs get the same chunks
//
// They share only the keys that they can make and fetch as for ETSI GS QKD 014. A stream is a chain
// of such keys, its blocks. The KSID is the ID of the first block, random and made by the KME, so
// that only the two SAEs that the key is for can open the stream. A block holds chunks and, in its
// last 16 bytes, the ID of the next block. Those bytes are uniform and known only to the two KMEs
// until the next block is made, so the IDs of blocks are as unpredictable as those of other keys,
// and disclose as little about keys. Block j has 16·2^j chunks, but at most 1024, and at most 64
// KiB. The KME of the SAE that made the stream makes a block when half of the previous block has
// been passed; a client pays only for what it uses. A block that could not be made ends the stream
// at this end, since the other end may have it.
//
// # Limits
//
// A stream is kept in the memory of a KME until it is closed or has not been used for its time to
// live, at most an hour. Blocks that have not been fetched expire in the network an hour after they
// were made; one end can be behind the other by that time at most. A KME that cannot make a key
// under a given ID has streams of one block: 16 chunks. An SAE that uses the ID of some other key
// of its own as a KSID loses that key. Rates and priorities are not guaranteed; they are returned
// unchanged.
package stream
