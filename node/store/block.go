package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	iofs "io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"dske/psrd"
)

// A block file is the bytes of a block in pieces, each after its checksum. So a piece is a sector,
// and the spent bytes, with the checksums that depend on them, are a range at the start of the
// file.
const piece = sector - crcSize

// zeroesLast is the maximum time between writing zeroes to a block file and syncing them.
const zeroesLast = 10 * time.Second

// zeroes records how far the file of a block is known to be zeroed.
type zeroes struct {
	synced int64     // bytes from the start of the file
	at     time.Time // of the last sync
}

func (s *Store) blockName(id uuid.UUID) string { return blockName(s.config.Dir, id) }

func blockName(dir string, id uuid.UUID) string { return filepath.Join(dir, "blocks", id.String()) }

// fileSize returns the size of the file of a block of size bytes.
func fileSize(size int) int64 { return int64(size) + int64((size+piece-1)/piece)*crcSize }

// spentSize returns how many bytes from the start of the file must be zero for that mark. A piece
// that is partly spent has no checksum any more.
func spentSize(mark int) int64 {
	whole, rest := mark/piece, mark%piece
	if rest == 0 {
		return int64(whole) * sector
	}
	return int64(whole)*sector + crcSize + int64(rest)
}

// checksum returns the checksum of a piece, which depends on its position.
func checksum(id uuid.UUID, number int, bytes []byte) uint32 {
	place := binary.BigEndian.AppendUint64(id[:], uint64(number))
	return crc32.Update(crc32.Checksum(place, castagnoli), castagnoli, bytes)
}

// encodeBlock returns the content of the file of a block. The caller clears it.
func encodeBlock(id uuid.UUID, data []byte) []byte {
	file := make([]byte, 0, fileSize(len(data)))
	for number := 0; len(data) > 0; number++ {
		part := data[:min(piece, len(data))]
		file = binary.BigEndian.AppendUint32(file, checksum(id, number, part))
		file = append(file, part...)
		data = data[len(part):]
	}
	return file
}

// decodeBlock returns the bytes of a block from its mark on. It fails if the unspent part of the
// file is damaged. The caller must clear the bytes.
func decodeBlock(name string, b Block, file []byte) ([]byte, error) {
	if int64(len(file)) != fileSize(b.Size) {
		return nil, damaged(name, "%d bytes, not %d", len(file), fileSize(b.Size))
	}
	data := make([]byte, 0, b.Size)
	for number := 0; len(file) > 0; number++ {
		part := file[crcSize:min(sector, len(file))]
		if len(data) >= b.Mark && binary.BigEndian.Uint32(file) != checksum(b.ID, number, part) {
			clear(data)
			return nil, damaged(name, "bytes %d to %d of the block", len(data), len(data)+len(part)-1)
		}
		data = append(data, part...)
		file = file[crcSize+len(part):]
	}
	clear(data[:b.Mark])
	return data[b.Mark:], nil
}

// AddBlock stores a block with its bytes, and other records with it, all or nothing. It keeps no
// copy of the bytes in memory. When it returns, all of this is durable. It fails with
// [psrd.ErrDuplicateBlock] if there is a block of that UUID.
func (s *Store) AddBlock(b Block, data []byte, with ...Record) error {
	if len(data) != b.Size || b.Size == 0 || b.Mark != 0 {
		return fmt.Errorf("block %v of %d bytes, mark %d: %d bytes given", b.ID, b.Size, b.Mark, len(data))
	}
	if err := s.Ready(); err != nil {
		return err
	}
	err := s.writeBlock(s.blockName(b.ID), encodeBlock(b.ID, data))
	switch {
	case errors.Is(err, iofs.ErrExist):
		return &psrd.FragmentError{Fragment: psrd.Fragment{Block: b.ID, Size: b.Size}, Err: psrd.ErrDuplicateBlock}
	case err != nil:
		return fmt.Errorf("%w: %w", ErrStorage, err)
	}
	// If this fails the record may still be on disk, so the file stays: the next start will decide.
	return s.Commit(append(with, &b)...)
}

// writeBlock makes a durable file, or none. It clears content.
func (s *Store) writeBlock(name string, content []byte) error {
	defer clear(content)
	f, err := s.config.FS.Open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return err
	}
	defer f.Close()
	if err = writeSynced(f, content, 0); err == nil {
		err = s.config.FS.SyncDir(filepath.Dir(name))
	}
	if err != nil {
		remove(s.config.FS, name)
	}
	return err
}

// OpenBlock returns the rest of a block above its mark, for a pool. None of its bytes are open yet.
func (s *Store) OpenBlock(id uuid.UUID) (*psrd.Block, error) {
	b, tail, err := s.ReadBlock(id)
	if err != nil {
		return nil, err
	}
	return psrd.OpenBlock(id, b.Size, b.Mark, tail)
}

// ReadBlock returns a block, and its bytes from its mark on. The caller must clear the bytes.
func (s *Store) ReadBlock(id uuid.UUID) (b Block, tail []byte, err error) {
	var found bool
	s.View(func(state *State) { b, found = state.Blocks[id] })
	if !found {
		return b, nil, &psrd.FragmentError{Fragment: psrd.Fragment{Block: id}, Err: psrd.ErrUnknownBlock}
	}
	if tail, err = readBlock(s.config.FS, s.config.Dir, b); err != nil {
		return b, nil, fmt.Errorf("%w: %w", ErrStorage, err)
	}
	return b, tail, nil
}

// readBlock returns the bytes of a block from its mark on. The caller must clear them.
func readBlock(fs FS, dir string, b Block) ([]byte, error) {
	name := blockName(dir, b.ID)
	file, err := readFile(fs, name)
	if err != nil {
		return nil, err
	}
	defer clear(file)
	return decodeBlock(name, b, file)
}

// spend overwrites the bytes below the mark with zeroes in the file of a block. Unless always is
// set, it does not sync them if others were synced a moment ago: at the next start they are written
// again.
func (s *Store) spend(id uuid.UUID, always bool) error {
	s.mu.Lock()
	b, found := s.state.Blocks[id]
	before := s.zeroes[id]
	s.mu.Unlock()
	to := spentSize(b.Mark)
	if !found || to == before.synced {
		return nil
	}
	f, err := s.config.FS.Open(s.blockName(id), os.O_RDWR)
	if errors.Is(err, iofs.ErrNotExist) {
		return nil // dropped in the meantime
	}
	if err != nil {
		return err
	}
	defer f.Close()
	if _, err := f.WriteAt(make([]byte, to-before.synced), before.synced); err != nil {
		return err
	}
	if !always && time.Since(before.at) < zeroesLast {
		return nil
	}
	if err := f.Sync(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, found := s.state.Blocks[id]; found {
		s.zeroes[id] = zeroes{max(to, s.zeroes[id].synced), time.Now()}
	}
	return nil
}

// syncZeroes syncs the zeroes that spend has written.
func (s *Store) syncZeroes() error {
	var failures []error
	for _, b := range s.state.sortedBlocks() {
		failures = append(failures, s.spend(b.ID, true))
	}
	return errors.Join(failures...)
}

// drop removes the file of a block that is no longer in the state. Its bytes are never used again,
// so it does not matter if the file cannot be removed now.
func (s *Store) drop(id uuid.UUID) {
	s.mu.Lock()
	delete(s.zeroes, id)
	s.mu.Unlock()
	if err := remove(s.config.FS, s.blockName(id)); err == nil || errors.Is(err, iofs.ErrNotExist) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dropped = append(s.dropped, id)
	s.forget()
}

// remove overwrites a file with zeroes, syncs it, and removes it.
func remove(fs FS, name string) error {
	f, err := fs.Open(name, os.O_RDWR)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err == nil {
		err = writeSynced(f, make([]byte, size), 0)
	}
	return errors.Join(err, fs.Remove(name))
}
