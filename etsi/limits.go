package etsi

// The defaults and limits of the server side. A status answer states them (clause 6.1). A request
// beyond them is refused before it reaches the [KME].
const (
	DefaultKeySize   = 256        // bits
	MinKeySize       = 64         // bits
	MaxKeySize       = 16_777_216 // bits: 2 MiB
	DefaultNumber    = 1          // keys
	MaxKeyPerRequest = 128        // keys
	MaxRequestSize   = 67_108_864 // bits of all the keys of a request together: 8 MiB
	MaxKeyCount      = 100_000    // keys: the maximum that a status reports as stored, and that can wait to be fetched
	MaxSAEIDCount    = 16         // additional slave SAEs a key can be made for
)
