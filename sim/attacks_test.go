package sim_test

import (
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
)

// assault is an attack by strangers.
type assault struct {
	name   string
	atOnce int           // number of strangers at once
	every  time.Duration // interval for each of them
	holds  bool          // leaves a connection that the network must end
	do     func(ctx context.Context, s *siege) string
}

// attacks lists the assaults: holding up, acting as pages of other sites, and filling.
var attacks = []assault{
	{"bodies that never come", 4, 500 * time.Millisecond, true, func(ctx context.Context, s *siege) string {
		s.leave(ctx, "PUT /hub/hugo/dske/oob/v1/registration HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
		return s.leave(ctx, "POST /client/curtis/etsi/api/v1/keys/sofia/enc_keys HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n")
	}},
	{"pages that nobody reads", 2, time.Second, true, func(ctx context.Context, s *siege) string {
		s.leave(ctx, strings.Repeat("GET /hub/hugo/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n", 60))
		return s.leave(ctx, strings.Repeat("GET /client/curtis/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: localhost\r\n\r\n", 60))
	}},
	{"other sites", 2, 100 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		s.ask(ctx, "GET", "/client/carol/skip/key?remoteSystemID=connie", "Sec-Fetch-Site: cross-site", "")
		return s.ask(ctx, "GET", "/client/carol/etsi/api/v1/keys/sofia/enc_keys?number=128", "Sec-Fetch-Site: cross-site", "")
	}},
	{"too many large keys", 2, 200 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "GET", "/client/curtis/etsi/api/v1/keys/sofia/enc_keys?number=128&size=16777216", "Authorization: susan", "")
	}},
	{"large keys", 2, 2 * time.Second, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "GET", "/client/curtis/etsi/api/v1/keys/sofia/enc_keys?size=16777216", "Authorization: susan", "")
	}},
	{"keys that nobody fetches", 1, 500 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "GET", "/client/curtis/etsi/api/v1/keys/sofia/enc_keys?number=128", "Authorization: susan", "")
	}},
	{"unknown keys", 2, 100 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "GET", "/client/curtis/etsi/api/v1/keys/sam/dec_keys?key_ID="+uuid.NewString(), "Authorization: susan", "")
	}},
	{"names", 1, 100 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		name := "stranger-" + uuid.NewString()
		return s.ask(ctx, "PUT", "/hub/hugo/dske/oob/v1/registration", "DSKE-OOB-Token: x", `{"client_name": "`+name+`"}`)
	}},
	{"PSRD", 1, 100 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "GET", "/hub/hugo/dske/oob/v1/psrd?client_name=carol&pool_owner=client&purpose=pad&size=4194304", "DSKE-OOB-Token: x", "")
	}},
	{"long names", 1, 500 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "POST", "/hub/hugo/dske/api/v1/key-share", "DSKE-Signature: x", longNames)
	}},
	{"faults", 1, 20 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "POST", "/sim/v1/faults", "", `{"spec": "drop from=client/curtis to=hub/hugo prob=0.01"}`)
	}},
	{"exchanges", 20, 2 * time.Second, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "POST", "/sim/v1/exchanges", "", `{"master": "susan", "slave": "sunny"}`)
	}},
	{"readers", 40, time.Second, false, func(ctx context.Context, s *siege) string {
		return s.ask(ctx, "GET", "/dashboard/v1/stream", "", "")
	}},
	{"status", 1, 500 * time.Millisecond, false, func(ctx context.Context, s *siege) string {
		s.ask(ctx, "GET", "/sim/v1/events", "", "")
		return s.ask(ctx, "GET", "/hub/helen/mgmt/v1/status", "", "")
	}},
}

// longNames is made once: strangers would make it elsewhere.
var longNames = `{"master_client_name": "curtis", "master_sae_id": "` + strings.Repeat("s", 3<<20) + `"}`

// ask makes a request and returns the status of the answer, which it reads.
func (s *siege) ask(ctx context.Context, method, path, header, body string) string {
	r, err := http.NewRequestWithContext(ctx, method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		s.Error(err)
		return ""
	}
	if name, value, found := strings.Cut(header, ": "); found {
		r.Header.Set(name, value)
	}
	response, err := s.http.Do(r)
	if err != nil {
		return "lost"
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.Status
}

// leave begins something on a connection, does nothing more for two seconds or until the siege
// ends, and then closes the connection.
func (s *siege) leave(ctx context.Context, text string) string {
	connection, err := net.Dial("tcp", strings.TrimPrefix(s.URL(), "http://"))
	if err != nil {
		return "no connection"
	}
	s.connections.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		<-ctx.Done()
		connection.Close()
	})
	if _, err := io.WriteString(connection, text); err != nil {
		return "cut off"
	}
	return "left"
}

// tried counts attempts by outcome.
type tried struct {
	mu   sync.Mutex
	ends map[string]int
}

func (t *tried) count(end string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.ends == nil {
		t.ends = map[string]int{}
	}
	t.ends[end]++
}

func (t *tried) String() string {
	var parts []string
	for _, end := range slices.Sorted(maps.Keys(t.ends)) {
		parts = append(parts, fmt.Sprintf("%d %s", t.ends[end], end))
	}
	return strings.Join(parts, ", ")
}
