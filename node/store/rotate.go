package store

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"time"
)

// rotate begins a new log with the state in memory, and ends the old one. The new log counts once
// its name is synced. The caller holds the turn.
func (s *Store) rotate() error {
	s.number++
	salt := binary.BigEndian.Uint32(random(4))
	data := s.takeSnapshot(salt)
	defer clear(data)
	f, err := s.writeLog(data)
	if err != nil {
		return err
	}
	if s.log != nil {
		s.log.Close()
	}
	s.log, s.salt, s.serial = f, salt, 1
	s.end, s.snapshot = int64(len(data)), int64(len(data))
	s.mu.Lock()
	s.forgotten = time.Time{}
	s.mu.Unlock()
	s.removeOld()
	return nil
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails
	return b
}

// takeSnapshot returns the first frame of a log, with the state.
func (s *Store) takeSnapshot(salt uint32) []byte {
	var c codec
	(&logFile{salt: salt, identity: s.config.Identity}).members(&c)
	counters := s.counters()
	s.mu.Lock()
	for _, r := range counters {
		s.state.Apply(r)
	}
	appendRecords(&c, s.state.records())
	s.mu.Unlock()
	defer clear(c.buf)
	f := frame{log: s.number, records: c.buf}
	return f.append(make([]byte, 0, f.size()), 0)
}

// writeLog makes a durable log, and returns its file.
func (s *Store) writeLog(data []byte) (File, error) {
	name := logName(s.config.Dir, s.number)
	temporary := name + unfinished
	f, err := s.config.FS.Open(temporary, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	if err != nil {
		return nil, err
	}
	if err := writeSynced(f, data, 0); err != nil {
		f.Close()
		remove(s.config.FS, temporary)
		return nil, err
	}
	err = s.config.FS.Rename(temporary, name)
	if err == nil {
		err = s.config.FS.SyncDir(s.config.Dir)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// removeOld removes all logs except the newest, and the remaining files of dropped blocks. What
// cannot be removed now is removed ten minutes later. That does no harm, as the highest number
// counts.
func (s *Store) removeOld() {
	names, err := s.config.FS.List(s.config.Dir)
	for _, name := range names {
		if anyLogNumber(name) > 0 && name != logName("", s.number) {
			err = errors.Join(err, remove(s.config.FS, filepath.Join(s.config.Dir, name)))
		}
	}
	s.mu.Lock()
	if err != nil {
		s.forget()
	}
	dropped := s.dropped
	s.dropped = nil
	s.mu.Unlock()
	for _, id := range dropped {
		s.drop(id)
	}
}
