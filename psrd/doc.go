// Package psrd keeps pre-shared random data: bytes that two nodes have in common, each of which is
// used exactly once.
//
// Data comes in a [Block] of random bytes that a hub gives to a client out of band. Blocks are kept
// in a [Pool]. Both ends of an association have the same blocks. A pool has one owner, the only
// side that chooses bytes from it. The owner calls [Pool.Allocate] and gets an [Allocation], sends
// its peer the [Fragment] list of that allocation (which bytes, never their values), and the peer
// calls [Pool.Take] with that list. As only one side chooses, the two cannot use the same bytes for
// different secrets.
//
// A byte is unallocated, allocated or consumed:
//
//	unallocated -> allocated    Pool.Allocate
//	allocated   -> unallocated  Allocation.Deallocate
//	allocated   -> consumed     Allocation.Consume
//	unallocated -> allocated    Pool.Claim, for bytes that the peer chose
//	unallocated -> consumed     Pool.Take, likewise
//
// Consuming a byte yields its value and zeroes it in the block; a consumed byte stays consumed. A
// block whose bytes are all consumed is retired: the pool forgets it. It remembers the UUID for a
// while, so that late or replayed messages get "already used" rather than "unknown block".
//
// A block has a limit, and neither side allocates or takes bytes above it. The limit is for nodes
// that keep their state over a crash: they raise it ([Pool.Raise]) once both ends have stored that
// everything below is spent. [OpenBlock] restores what such a node still has of a block. The limit
// of any other block is its size.
//
// A pool, with its blocks, can be restricted to one [Purpose]: then bytes that hide secrets never
// authenticate messages. A pool for keys handles only slots of 32 bytes.
//
// All sizes and positions are in bytes.
package psrd
