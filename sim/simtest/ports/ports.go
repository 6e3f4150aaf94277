// Package ports finds ports for tests of what has to know its port before it listens there, or to
// come back to it. All else listens at port 0.
package ports

import (
	"fmt"
	"math/rand/v2"
	"net"
	"testing"
)

// From 10000 on there are few services, and up to 32767 systems give no port to connections that
// go out; a port that one of those may get could be taken between two steps of a test.
const first, last = 10000, 32767

// Free returns addresses of this host with consecutive ports that nobody listens on.
func Free(t testing.TB, number int) []string {
	t.Helper()
	for range 100 {
		base := first + rand.IntN(last-first+1-number)
		addresses := make([]string, number)
		for i := range addresses {
			addresses[i] = fmt.Sprint("127.0.0.1:", base+i)
		}
		if free(addresses) {
			return addresses
		}
	}
	t.Fatalf("there are no %d consecutive free ports", number)
	return nil
}

func free(addresses []string) bool {
	for _, address := range addresses {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return false
		}
		l.Close()
	}
	return true
}
