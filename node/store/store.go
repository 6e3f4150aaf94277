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
	maxLog       = 4 << 20          // bytes of records after a snapshot, or the size of the snapshot if larger
	forgetWithin = 10 * time.Minute // how long a forgotten value may stay in the log
	healEvery    = time.Second      // minimum time between attempts
)

// Config is the configuration of a store.
type Config struct {
	FS       FS
	Dir      string // for this node only; made if it does not exist
	Identity Identity

	// Counters, unless it is nil, returns the counters of the node. They are stored only with a
	// snapshot and at an orderly stop.
	Counters func() map[string]int64
}

// Store is the state of a node in memory and on disk. It is safe for concurrent use.
type Store struct {
	config Config
	lock   io.Closer
	turn   chan struct{} // full while a goroutine writes to the log; a channel, so that time in a bubble continues

	// These are guarded by the turn.
	log      File
	number   uint64 // number of the newest log that was tried
	salt     uint32
	serial   uint64 // serial of the next frame
	end      int64  // bytes of the log, all synced
	snapshot int64  // bytes of its first frame
	tried    time.Time
	closed   bool

	mu        sync.Mutex // not held during disk operations
	state     *State
	zeroes    map[uuid.UUID]zeroes
	next      *batch      // waits for the turn; nil if none
	failure   error       // why the log must not be written any more, or nil
	forgotten time.Time   // when the first value was forgotten that is still in files; zero if none
	dropped   []uuid.UUID // blocks whose files could not be removed
}

// batch is the records of all callers that wait for the same sync.
type batch struct {
	records []Record
	done    chan struct{}
	err     error
}

// View calls read with the state. read must not change it, and must use only copies of it after it
// has returned.
func (s *Store) View(read func(*State)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	read(s.state)
}

// Ready returns nil if records can be stored, as far as the store knows. Call it before spending
// anything that a record must follow. If the storage has failed, Ready tries to begin a new log, at
// most once a second. The error is an [ErrStorage] with the reason.
func (s *Store) Ready() error {
	s.mu.Lock()
	failed := s.failure != nil
	s.mu.Unlock()
	if !failed {
		return nil
	}
	return s.Commit()
}

// Commit stores records: it writes them, all or none, and once they are on disk it changes the
// state and returns. Concurrent callers share the next sync. After a success the store owns the
// records and their secrets. If Commit fails with [ErrStorage] the state has not changed, but the
// records may appear after a crash.
//
// Before it returns, it zeroes the bytes that marks among the records spend in the files of their
// blocks. If that fails, the records are stored and the error says so: bytes below the new marks
// must not be used. It also removes the files of dropped blocks, later if that fails.
//
// Without records it does only pending work; [Store.Due] says when it must be called for that.
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

// keep writes a batch. The caller holds the turn.
func (s *Store) keep(b *batch) {
	defer close(b.done)
	s.mu.Lock()
	s.next = nil // later callers are in another batch
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
		s.fail(s.rotate()) // this batch is stored whatever the outcome
	}
}

// heal begins a new log if the storage has failed.
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

// fail records that the log must not be written any more or, if err is nil, that it may be.
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

// apply changes the state, and reports whether a secret that is in the log was forgotten.
func apply(state *State, r Record) bool {
	shares, clients := len(state.Shares), len(state.Registrations)
	state.Apply(r)
	_, registers := r.(*Registration)
	return len(state.Shares) < shares || registers && len(state.Registrations) == clients
}

// forget records that a secret in a file is no longer in the state. The caller holds s.mu.
func (s *Store) forget() {
	if s.forgotten.IsZero() {
		s.forgotten = time.Now()
	}
}

// Due returns when a forgotten secret must be erased from disk, which the next Commit then does. It
// returns the zero time if there is none.
func (s *Store) Due() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.forgotten.IsZero() {
		return time.Time{}
	}
	return s.forgotten.Add(forgetWithin)
}

// isDue reports whether the log is long, or contains a secret that was forgotten too long ago.
func (s *Store) isDue() bool {
	due := s.Due()
	return s.end-s.snapshot > max(maxLog, s.snapshot) || !due.IsZero() && time.Until(due) <= 0
}

// followUp does the work that must follow stored records.
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
		return fmt.Errorf("%w after the records were stored: %w", ErrStorage, err)
	}
	return nil
}

// Close ends the store in an orderly way: it stores the counters and syncs zeroes. It waits for
// callers of Commit.
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

// Abandon ends the store like a crash of the process: stored records stay, and nothing is written
// any more.
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
