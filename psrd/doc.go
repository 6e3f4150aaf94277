// Package psrd keeps pre-shared random data: bytes that two nodes hold in common and that each of
// them uses exactly once.
//
// Data comes in a [Block], a run of random bytes that a hub hands to a client out of band, and
// blocks are kept in a [Pool]. Both ends of an association hold the same blocks. A pool has one
// owner, the only side that chooses bytes from it: the owner calls [Pool.Allocate] and gets an
// [Allocation], tells its peer the [Fragment] list of that allocation (which bytes, never their
// values), and the peer calls [Pool.Take] with that list. As only one side ever chooses, the two
// cannot pick the same bytes for different secrets.
//
// A byte is unallocated, allocated or consumed:
//
//	unallocated -> allocated    Pool.Allocate
//	allocated   -> unallocated  Allocation.Deallocate
//	allocated   -> consumed     Allocation.Consume
//	unallocated -> allocated    Pool.Claim, for bytes that the peer chose
//	unallocated -> consumed     Pool.Take, likewise
//
// Consuming a byte yields its value and zeroes it in the block; nothing leads back from there. A
// block whose bytes are all consumed is retired: the pool forgets it, except for its UUID, which it
// remembers for a while so that late or replayed messages hear "already used" rather than "unknown
// block".
//
// A block has a limit, and bytes above it are used by neither side: not allocated, not taken. It is
// for nodes that outlive a crash, which raise it ([Pool.Raise]) once both ends have it on disk that
// everything below is spent. [OpenBlock] brings back what such a node still has of a block. The
// limit of any other block is its size.
//
// A pool, with its blocks, can be kept for one [Purpose]: bytes that hide secrets never
// authenticate messages then. A pool for keys gives and takes slots of 32 bytes and nothing else.
//
// All sizes and positions are in bytes.
package psrd
