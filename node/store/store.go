package store

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	maxLog       = 4 << 20          // bytes of records after a snapshot, unless the snapshot is larger
	forgetWithin = 10 * time.Minute // for which a value that was forgotten may stay in the log
	healEvery    = time.Second      // at most
)

// Config is what a store has to be told.
type Config struct {
	FS       FS
	Dir      string // of this node alone; made if it is not there
	Identity Identity

	// Counters, unless it is nil, returns the counters of the node. They are kept with a snapshot
	// and at an orderly stop, and not else.
	Counters func() map[string]int64
}

// Store is the state of a node in memory and on the disk. Its methods may be called by several
// goroutines.
type Store struct {
	config Config
	lock   io.Closer
	turn   chan struct{} // full while somebody writes to the log; a channel, so that time in a bubble goes on

	// Whoever has the turn has these.
	log      File
	number   uint64 // of the newest log that was tried
	salt     uint32
	serial   uint64 // of the next frame
	end      int64  // bytes of the log, all synced
	snapshot int64  // bytes of its first frame
	tried    time.Time
	closed   bool

	mu        sync.Mutex // not held while the disk is asked
	state     *State
	zeroes    map[uuid.UUID]zeroes
	next      *batch      // that waits for the turn, or nil
	failure   error       // why the log is not to be written any more, or nil
	forgotten time.Time   // when the first of the values was that are in files and not in the state
	dropped   []uuid.UUID // blocks whose files could not be removed
}

// batch is the records of all who wait for the same sync.
type batch struct {
	records []Record
	done    chan struct{}
	err     error
}

// View shows the state. What it has seen must not be changed, nor be used when read has returned,
// except for copies.
func (s *Store) View(read func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	read(s.state)
}

// Ready returns nil if records can be kept, as far as the store knows. It is asked before anything
// is spent that a record is to follow. If the storage has failed it tries, at most once a second,
// to begin anew on it; the error is an [ErrStorage] with the reason.
func (s *Store) Ready() error {
	s.mu.Lock()
	failed := s.failure != nil
	s.mu.Unlock()
	if !failed {
		return nil
	}
	return s.Commit()
}

// Commit keeps records: it writes them, all or none, and once they are on the disk it changes the
// state and returns. Those who come while others write share the next sync. The store owns the
// records and their secrets if it succeeds. If it fails with [ErrStorage] the state has not
// changed, and a crash may bring them to light nevertheless.
//
// Before it returns, the bytes that marks among the records spend are zeroed in the files of their
// blocks. Should that fail, the records are kept and the error says so: bytes below the new marks
// must not be used. The files of dropped blocks are removed too, or later if that fails.
//
// Without records it does only what is due; [Store.Due] says when somebody has to call it for that.
func (s *Store) Commit(records ...Record) error {
	s.mu.Lock()
	b := s.next
	first := b == nil
	if first {
		b = &batch{done: make(chan struct{})}
		s.next = b
	}
	b.records = append(b.records, records...)
	s.mu.Unlock()
	if first {
		s.turn <- struct{}{}
		s.keep(b)
		<-s.turn
	}
	<-b.done
	if b.err != nil {
		return b.err
	}
	return s.followUp(records)
}

// keep writes a batch. Who calls it has the turn.
func (s *Store) keep(b *batch) {
	defer close(b.done)
	s.mu.Lock()
	s.next = nil // who comes now is in another batch
	s.mu.Unlock()
	if b.err = s.heal(); b.err != nil {
		return
	}
	if len(b.records) > 0 {
		if b.err = s.write(b.records); b.err != nil {
			return
		}
	}
	if s.isDue() {
		s.fail(s.rotate()) // this batch is kept whatever comes of it
	}
}

// heal begins anew if storage has failed.
func (s *Store) heal() error {
	switch {
	case s.closed:
		return ErrClosed
	case s.failure == nil:
		return nil
	case time.Since(s.tried) < healEvery:
		return s.failure
	}
	return s.fail(s.rotate())
}

// fail notes that the log is not to be written any more, or that it is if there is no error.
func (s *Store) fail(err error) error {
	if err != nil {
		s.tried = time.Now()
		err = fmt.Errorf("%w: %w", ErrStorage, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failure = err
	return err
}

// write adds a frame to the log, syncs it, and changes the state.
func (s *Store) write(records []Record) error {
	var c codec
	appendRecords(&c, records)
	f := frame{log: s.number, serial: s.serial, synced: uint64(s.end), records: c.buf}
	data := f.append(make([]byte, 0, f.size()), s.salt)
	defer clear(data)
	clear(c.buf)
	if err := writeSynced(s.log, data, s.end); err != nil {
		return s.fail(err)
	}
	s.end += int64(len(data))
	s.serial++
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range records {
		if apply(s.state, r) {
			s.forget()
		}
	}
	return nil
}

// apply changes the state, and reports whether that forgot a secret that is in the log.
func apply(state *State, r Record) bool {
	shares, clients := len(state.Shares), len(state.Registrations)
	state.Apply(r)
	_, registers := r.(*Registration)
	return len(state.Shares) < shares || registers && len(state.Registrations) == clients
}

// forget notes that something secret that is in a file is not in the state. The caller holds s.mu.
func (s *Store) forget() {
	if s.forgotten.IsZero() {
		s.forgotten = time.Now()
	}
}

// Due returns when a secret has to go from the disk that was forgotten, which the next Commit then
// does; or the zero time if there is none.
func (s *Store) Due() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgotten.IsZero() {
		return time.Time{}
	}
	return s.forgotten.Add(forgetWithin)
}

// isDue reports whether the log is long, or has kept for too long what was forgotten.
func (s *Store) isDue() bool {
	due := s.Due()
	return s.end-s.snapshot > max(maxLog, s.snapshot) || !due.IsZero() && time.Until(due) <= 0
}

// followUp does what has to follow records that are kept.
func (s *Store) followUp(records []Record) error {
	var failures []error
	for _, r := range records {
		switch r := r.(type) {
		case *Mark:
			failures = append(failures, s.spend(r.Block, false))
		case *Drop:
			s.drop(r.Block)
		}
	}
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("%w after the records were kept: %w", ErrStorage, err)
	}
	return nil
}

// Close ends the store in good order: the counters are kept, and what was zeroed is synced. It
// waits for those who commit.
func (s *Store) Close() error {
	err := s.Commit(s.counters()...)
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.closed {
		return ErrClosed
	}
	s.closed = true
	return errors.Join(err, s.syncZeroes(), s.log.Close(), s.lock.Close())
}

// Abandon ends the store as a crash of the process would: what was kept is kept, and nothing is
// written any more.
func (s *Store) Abandon() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.closed {
		return ErrClosed
	}
	s.closed = true
	return errors.Join(s.log.Close(), s.lock.Close())
}

func (s *Store) counters() []Record {
	if s.config.Counters == nil {
		return nil
	}
	var records []Record
	for name, value := range s.config.Counters() {
		records = append(records, &Counter{name, value})
	}
	return records
}

func (s *Store) blocksDir() string { return filepath.Join(s.config.Dir, "blocks") }
