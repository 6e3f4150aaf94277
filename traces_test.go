package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"strings"
)

const (
	// windowSize is the number of bytes of a text that are compared first.
	windowSize = 8

	// traceSize is the number of bytes that must agree to count as a trace of a text.
	traceSize = 16
)

// traces is what secrets look like in memory, by each window of them. A secret is found wherever a
// part of it is long enough to have a window at an address that is a multiple of windowSize.
type traces map[uint64][]trace

// trace is a window of a secret in one form.
type trace struct {
	name string // of the secret and of the form
	text []byte // all of it
	at   int    // where the window begins
}

// add adds a secret in all the forms that are searched for. In base64 it may be a part of something
// longer, and begin with any of the three bytes that four characters stand for.
func (t traces) add(name string, secret []byte) {
	forms := map[string][][]byte{"raw": {secret}, "hex": {[]byte(hex.EncodeToString(secret))}}
	for skipped := range 3 {
		whole := (len(secret) - skipped) / 3 * 3
		forms["base64"] = append(forms["base64"], []byte(base64.StdEncoding.EncodeToString(secret[skipped:][:whole])))
	}
	for form, texts := range forms {
		for _, text := range texts {
			for at := range len(text) - windowSize + 1 {
				window := binary.NativeEndian.Uint64(text[at:])
				t[window] = append(t[window], trace{name + " in " + form, text, at})
			}
		}
	}
}

// look counts the traces of each secret in the memory of a process.
func (e *eavesdropper) look(process int) map[string]int {
	e.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", process))
	if err != nil {
		e.Fatal(err)
	}
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", process))
	if err != nil {
		e.Fatal(err)
	}
	defer memory.Close()
	found := map[string]int{}
	for line := range strings.Lines(string(maps)) {
		var from, to uint64
		var may string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &may); err != nil {
			e.Fatal(err)
		}
		if strings.HasPrefix(may, "rw") {
			e.secrets.search(io.NewSectionReader(memory, int64(from), int64(to-from)), found)
		}
	}
	return found
}

// search counts the traces in what a reader reads, up to its first error, since some of the mapped
// memory cannot be read.
func (t traces) search(r io.Reader, found map[string]int) {
	var seen [1 << 16]bool // the low bytes that windows have
	for window := range t {
		seen[uint16(window)] = true
	}
	const size = 1 << 20
	in := bufio.NewReaderSize(r, size)
	for {
		text, err := in.Peek(size)
		for at := 0; at+windowSize <= len(text); at += windowSize {
			if window := binary.NativeEndian.Uint64(text[at:]); seen[uint16(window)] {
				for _, trace := range t[window] {
					if trace.reaches(text, at) {
						found[trace.name]++
						break
					}
				}
			}
		}
		if err != nil {
			return
		}
		in.Discard(size)
	}
}

// reaches reports whether enough bytes around a window agree with the secret to count as a trace.
func (t trace) reaches(text []byte, at int) bool {
	for from := max(0, t.at-(traceSize-windowSize)); from <= t.at && from+traceSize <= len(t.text); from++ {
		begin := at - (t.at - from)
		if begin >= 0 && begin+traceSize <= len(text) && bytes.Equal(text[begin:][:traceSize], t.text[from:][:traceSize]) {
			return true
		}
	}
	return false
}
