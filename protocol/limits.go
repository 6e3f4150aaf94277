package protocol

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits that both ends of an association, and the topology, must agree on.
const (
	// MaxShareIndex is the maximum share index. In suite dske-python, 254 and 255 are the digest
	// and the key.
	MaxShareIndex = 253

	// MaxHubs is the maximum number of hubs of one client, and so of shares of a key.
	MaxHubs = MaxShareIndex + 1

	// MaxBlockSize is the maximum size of a block that a client can ask for, in bytes.
	MaxBlockSize = 4 << 20

	// MaxPoolSize is the number of unused bytes at which a pool is full.
	MaxPoolSize = 64 << 20

	// MaxHubStock is the number of unused bytes of PSRD, over all clients, at which a hub is full.
	MaxHubStock = 256 << 20

	// MaxEncryptors is the maximum number of encryptors of a client.
	MaxEncryptors = 10_000

	// MaxStrangers is the maximum number of encryptors of all strangers together at an open hub.
	MaxStrangers = 10_000

	// MaxToken is the maximum size of the token of a client, in bytes.
	MaxToken = 1024

	// MaxSharesWaiting is the maximum number of shares of one master client that a hub keeps for
	// the slaves. All strangers count as one client.
	MaxSharesWaiting = 100_000

	// MaxBytesWaiting is the maximum memory that these shares take, in bytes.
	MaxBytesWaiting = 32 << 20

	// MaxSAE is the maximum size of the ID of an encryptor, in bytes.
	MaxSAE = 255
)

// The PSRD that a client keeps in each pool by default, in bytes.
const (
	DefaultBlockSize = 16384
	DefaultLowWater  = 4096  // below it, the pool is filled
	DefaultHighWater = 16384 // up to at least here
)

// The names of the suites, in messages, topologies and on the command line.
const (
	SuitePython = "dske-python" // that of the Python implementation
	SuiteITS    = "its"         // information-theoretic
)

// CheckName returns an error unless name can be the name of a hub or a client.
func CheckName(name string) error {
	if !isName(name) {
		return fmt.Errorf("name %.64q is not ^[a-z0-9][a-z0-9._-]{0,62}$", name)
	}
	return nil
}

// isName is what the regular expression says. A network checks a million names when it starts, and
// one for each registration; with package regexp it takes half a second longer to start.
func isName(name string) bool {
	for i := range len(name) {
		c := name[i]
		isFirst := 'a' <= c && c <= 'z' || '0' <= c && c <= '9'
		if !isFirst && (i == 0 || c != '.' && c != '_' && c != '-') {
			return false
		}
	}
	return len(name) >= 1 && len(name) <= 63
}

// CheckSAE returns an error unless id can be the ID of an encryptor: 1 to MaxSAE bytes of UTF-8
// text without control characters, without white space at either end, and neither "." nor "..".
// Such an ID passes unchanged through an HTTP header, which loses white space at its ends (RFC
// 9110, clause 5.5), and as one segment of a path, where dots stand for directories (RFC 3986,
// clause 5.2.4). The error says how to correct the ID.
func CheckSAE(id string) error {
	var flaw string
	switch {
	case id == "" || len(id) > MaxSAE:
		flaw = fmt.Sprintf("has %d bytes: use 1 to %d", len(id), MaxSAE)
	case !utf8.ValidString(id):
		flaw = "is not UTF-8: use UTF-8 text"
	case strings.ContainsFunc(id, unicode.IsControl):
		flaw = "has a control character: remove it"
	case strings.TrimSpace(id) != id:
		flaw = "has white space at an end, which HTTP headers lose: remove it"
	case id == "." || id == "..":
		flaw = "stands for a directory in the path of a URL: use another name"
	default:
		return nil
	}
	return fmt.Errorf("encryptor ID %.64q %s", id, flaw)
}
