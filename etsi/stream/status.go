package stream

import "fmt"

// Status is the outcome of a call. Those that are not OK are errors.
type Status uint32

// The statuses of the standard.
const (
	OK               Status = iota
	PeerNotConnected        // done, but the peer has not opened the stream yet; never sent
	NotEnoughKey            // GET_KEY: no such chunk, or it was delivered before, or the KME cannot make it now
	NotConnected            // GET_KEY, CLOSE: the caller has no such stream
	NoConnection            // OPEN_CONNECT: no stream to that peer, or with that KSID, is available
	InUse                   // OPEN_CONNECT: the caller has a stream with that KSID
	TimedOut                // the call took longer than the stream's timeout
	QoSNotMet               // OPEN_CONNECT: the stream is open with the QoS in the answer
	MetadataTooLarge        // GET_KEY: the metadata does not fit into the room; the chunk is still there
)

var statusTexts = map[Status]string{
	OK:               "successful",
	PeerNotConnected: "successful, peer not connected",
	NotEnoughKey:     "not enough key",
	NotConnected:     "not connected",
	NoConnection:     "no connection available",
	InUse:            "KSID already in use",
	TimedOut:         "timeout",
	QoSNotMet:        "QoS not met",
	MetadataTooLarge: "no room for the metadata",
}

// Error returns the number and the meaning of the status.
func (s Status) Error() string {
	text, known := statusTexts[s]
	if !known {
		text = "unknown"
	}
	return fmt.Sprintf("status %d (%s)", uint32(s), text)
}

// err returns s as an error, nil if it is OK.
func (s Status) err() error {
	if s == OK {
		return nil
	}
	return s
}
