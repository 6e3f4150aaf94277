// Package store keeps what a node must not forget in a crash: registrations, the blocks of PSRD
// with their marks, shares that wait, what was delivered, and how often seeded streams were drawn
// from. [Open] opens the directory of a node, [Store.Commit] keeps a [Record], [Store.View] shows
// the [State], and [Check] looks at a directory from outside.
//
// A record that Commit has acknowledged survives a crash of the machine; one that it has not may.
// If the storage fails, all that needs it fails with [ErrStorage] and the reason, and the node goes
// on when the storage does. Nothing here starts a goroutine or a timer.
//
// # On the disk
//
// The directory has mode 0700, the files 0600. It is on a local file system.
//
//	lock          held by flock(2) for as long as the node runs; empty; never deleted
//	state-N       a log; the highest N counts; state-N.tmp is one that was not finished
//	blocks/UUID   the bytes of a block
//
// A log is frames without gaps, each written and synced at once:
//
//	magic    8 bytes  "dskelog\n"
//	version  4        of the format, 1; numbers are big-endian
//	length   8        bytes of the records
//	N        8        as in the name of the file
//	serial   8        of the frame in the file, from 0
//	synced   8        bytes of the file that were synced when the frame was written
//	records
//	CRC-32C  4        of all before; in frames after the first it starts from the salt
//
// The first frame is a snapshot. Its records follow a head: version of the format, kind of the
// node, its name, its suite, its network, and the salt, random 32 bits; a reader that was told
// otherwise refuses. The salt is there because a peer chooses bytes of records: without it, bytes
// in a frame that a crash tore could pass for a frame. A record is a byte for its kind and its
// members in the order in which record.go names them: numbers are zigzag varints (as in
// encoding/binary), anything else is bytes after their number, a list is elements after their
// number, times are nanoseconds since 1970.
//
// What follows the last whole frame is what a crash tore and does not count, unless a frame after
// it says that it was synced: then the file is damaged, and nobody starts on it. Damage to the very
// last frame, or a cut between frames, looks like a crash: what the two ends say to each other
// about marks then shows that one was put back.
//
// A new log is written beside the old one, synced, renamed, and the directory synced; the old one
// is overwritten with zeroes, synced and removed. That is done at every start, when there are 4 MiB
// of records after the snapshot (or as many as it is long), ten minutes after a secret in the log
// was forgotten, and when the storage had failed: a log in which a write or a sync has failed is
// not written again, since a second sync may succeed without the bytes of the first. What cannot be
// removed, of logs or of blocks that were dropped, is ten minutes later, or at the next start.
//
// A block file is the bytes of the block in pieces of 508, the last may be shorter, each after its
// CRC-32C (4 bytes, of the UUID, the number of the piece in 8 bytes, and the piece). It is written
// and synced before the record of the block. What is below the mark is zeroes, with the checksums
// of the pieces that it touches: they would say something of bytes that are in use. The zeroes are
// written when the mark has been synced, before its bytes may be used, and synced with the next
// ones, at least every ten seconds while there are any, at a stop, and at a start. Overwriting is
// of what the file system maps now: wear levelling, copy-on-write, journals of data, snapshots and
// backups may remember.
package store
