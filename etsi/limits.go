package etsi

// The defaults and limits of the server side. A status answer states them (clause 6.1), and a
// request beyond them is refused before it reaches the [KME].
const (
	DefaultKeySize   = 256        // bits
	MinKeySize       = 64         // bits
	MaxKeySize       = 16_777_216 // bits, which is 2 MiB
	DefaultNumber    = 1          // keys
	MaxKeyPerRequest = 128        // keys
	MaxRequestSize   = 67_108_864 // bits of all the keys of a request together, which is 8 MiB
	MaxKeyCount      = 100_000    // keys, the most that a status admits to have in store, and that can wait to be fetched
	MaxSAEIDCount    = 16         // additional slave SAEs a key can be made for
)
