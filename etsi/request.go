package etsi

// KeyRequest says which keys a master SAE wants (ETSI GS QKD 014 V1.1.1, clause 6.2).
type KeyRequest struct {
	Number int // of keys, 1 to MaxKeyPerRequest; a Client may leave it 0 for the KME's default
	Size   int // bits of each key, MinKeySize to MaxKeySize in steps of 8; a Client may leave it 0
}

// check returns the [*Error] that a request beyond the limits is answered with.
func (r KeyRequest) check() error {
	if r.Number < 1 || r.Number > MaxKeyPerRequest {
		return outOfBounds("number", r.Number)
	}
	if r.Size%8 != 0 {
		return ErrSizeNotMultiple.with("size", r.Size)
	}
	if r.Size < MinKeySize || r.Size > MaxKeySize {
		return outOfBounds("size", r.Size)
	}
	return nil
}
