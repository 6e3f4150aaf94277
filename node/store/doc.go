// Package store keeps what a node must not forget in a crash: registrations, the blocks of PSRD
// with their marks, shares that wait, deliveries, and how often seeded streams were drawn from.
// [Open] opens the directory of a node, [Store.Commit] stores a [Record], [Store.View] shows the
// [State], and [Check] examines a directory from outside.
//
// A record that Commit has acknowledged survives a crash of the machine; any other record may. If
// the storage fails, all that needs it fails with [ErrStorage] and the reason, until the storage
// works again. This package starts no goroutines and no timers.
//
// # On disk
//
// The directory has mode 0700, the files 0600. The file system must be local.
//
//	lock          held by flock(2) for as long as the node runs; empty; never deleted
//	state-N       a log; the highest N counts; state-N.tmp is one that was not finished
//	blocks/UUID   the bytes of a block
//
// A log consists of frames without gaps, each written and synced at once:
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
// The first frame is a snapshot. Its records follow a head: the version of the format, the kind of
// the node, its name, its suite, its network, and the salt, 32 random bits. A reader that expects
// other values refuses the log. The salt is there because a peer chooses bytes of records: without
// it, bytes in a frame that a crash tore could pass for a frame. A record is a byte for its kind,
// followed by its members in the order in which record.go names them: numbers are zigzag varints
// (as in encoding/binary), times are nanoseconds since 1970, a list is its length and its elements,
// and anything else is its length in bytes and its bytes.
//
// Data after the last complete frame was torn by a crash and does not count, unless a later frame
// says that it was synced: then the file is damaged, and no node starts with it. Damage to the very
// last frame, or a cut between frames, looks like a crash: the messages of the two ends about marks
// then show that one was put back.
//
// A new log is written beside the old one, synced and renamed, and the directory is synced. The old
// log is overwritten with zeroes, synced and removed. This happens at every start, when there are 4
// MiB of records after the snapshot (or as many as its size), ten minutes after a secret in the log
// was forgotten, and after the storage had failed: a log in which a write or a sync has failed is
// not written again, since a second sync may succeed without the bytes of the first. Logs, and
// files of dropped blocks, that cannot be removed are removed ten minutes later or at the next
// start.
//
// A block file is the bytes of the block in pieces of 508 bytes (the last may be shorter), each
// after its CRC-32C (4 bytes, of the UUID, the number of the piece in 8 bytes, and the piece). It
// is written and synced before the record of the block. The bytes below the mark are zero, and so
// are the checksums of the pieces that they touch, which would disclose information about bytes in
// use. The zeroes are written when the mark has been synced, before its bytes may be used. They are
// synced with the next ones, at least every ten seconds while there are any, at a stop, and at a
// start. Overwriting reaches only the sectors that the file system maps now: wear levelling,
// copy-on-write, data journals, snapshots and backups may keep old bytes.
package store
