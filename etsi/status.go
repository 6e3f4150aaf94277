package etsi

import "encoding/json"

// Status describes the keys available between two SAEs (ETSI GS QKD 014 V1.1.1, clause 6.1).
type Status struct {
	SourceKMEID      string `json:"source_KME_ID"`       // KME that was asked
	TargetKMEID      string `json:"target_KME_ID"`       // KME that serves the slave
	MasterSAEID      string `json:"master_SAE_ID"`       // the caller
	SlaveSAEID       string `json:"slave_SAE_ID"`        // the SAE in the path
	KeySize          int    `json:"key_size"`            // bits, for requests without a size
	StoredKeyCount   int    `json:"stored_key_count"`    // keys of KeySize that are available now
	MaxKeyCount      int    `json:"max_key_count"`       // maximum of StoredKeyCount
	MaxKeyPerRequest int    `json:"max_key_per_request"` // keys
	MaxKeySize       int    `json:"max_key_size"`        // bits
	MinKeySize       int    `json:"min_key_size"`        // bits
	MaxSAEIDCount    int    `json:"max_SAE_ID_count"`    // additional slave SAEs in one request

	// Extension has values for which the standard has no member.
	Extension StatusExtension `json:"status_extension,omitzero"`
}

// StatusExtension has the extensions of this implementation. Those of others are ignored.
type StatusExtension struct {
	MaxRequestSize int `json:"max_request_size,omitempty"` // bits of all the keys of one request together
}

// UnmarshalJSON implements [json.Unmarshaler]. An extension of another form is ignored.
func (e *StatusExtension) UnmarshalJSON(data []byte) error {
	type plain StatusExtension
	var read plain
	if json.Unmarshal(data, &read) == nil {
		*e = StatusExtension(read)
	}
	return nil
}

// complete returns s with the members that a KME leaves to the server side.
func (s Status) complete(master, slave string) Status {
	s.MasterSAEID = master
	s.SlaveSAEID = slave
	s.KeySize = DefaultKeySize
	s.StoredKeyCount = min(s.StoredKeyCount, MaxKeyCount)
	s.MaxKeyCount = MaxKeyCount
	s.MaxKeyPerRequest = MaxKeyPerRequest
	s.MaxKeySize = MaxKeySize
	s.MinKeySize = MinKeySize
	s.MaxSAEIDCount = MaxSAEIDCount
	s.Extension = StatusExtension{MaxRequestSize}
	return s
}
