package fault

import (
	"context"
	"net/http"
	"strings"
	"time"

	"dske/etsi"
)

// The hard conditions of encryptors. None of them costs a key: a key that can be delivered only
// once has not been delivered when one strikes, so a client that asks again gets it.

var (
	absentKind = kind{name: "absent", summary: "an encryptor that fetches a key is told that it is not there yet", build: func(s Spec) (built, error) {
		return built{effect: absent, matches: fetches}, oneOf(s.Value, "")
	}}
	exhaustedKind = kind{name: "exhausted", summary: "an encryptor that asks for a new key is told that there is no PSRD for it", build: func(s Spec) (built, error) {
		return built{effect: exhausted, matches: makes}, oneOf(s.Value, "")
	}}
	htmlKind = kind{name: "html", summary: "the answer is a web page, as from a proxy", build: always(html)}

	expiredKind = kind{name: "expired", summary: "a client's own port shows an expired TLS certificate", build: func(s Spec) (built, error) {
		return built{ofHandshakes: true, matches: func(r *Request) bool { return r.isHandshake }}, oneOf(s.Value, "")
	}}
	hostileKind = kind{name: "hostile", summary: "an encryptor meets one of these at random: status=503, delay, drop, absent, exhausted, html, expired", build: func(s Spec) (built, error) {
		return built{effect: hostile, matches: isOfEncryptor, ofHandshakes: true, draws: true}, oneOf(s.Value, "")
	}}
)

// hardships lists what a hostile network does to a request.
var hardships = []struct {
	name    string
	matches func(*Request) bool
	effect  effect
}{
	{"status=503", isOfEncryptor, func(_ context.Context, _ <-chan struct{}, r *Request, _ Deliver) (Response, error) {
		return refusal(r, http.StatusServiceUnavailable, "Injected fault: "+http.StatusText(http.StatusServiceUnavailable)+"."), nil
	}},
	{"delay", isOfEncryptor, func(ctx context.Context, ended <-chan struct{}, r *Request, next Deliver) (Response, error) {
		return late(ctx, ended, leastDelay+time.Duration(r.lot>>32)%(mostDelay-leastDelay), r, next)
	}},
	{"drop", isOfEncryptor, drop},
	{"absent", fetches, absent},
	{"exhausted", makes, exhausted},
	{"html", isOfEncryptor, html},
}

// How long a hostile network delays a request.
const (
	leastDelay = 500 * time.Millisecond
	mostDelay  = 3 * time.Second
)

func hostile(ctx context.Context, ended <-chan struct{}, r *Request, next Deliver) (Response, error) {
	i := int(uint32(r.lot)) % len(hardships)
	for !hardships[i].matches(r) {
		i = (i + 1) % len(hardships)
	}
	r.Faults = append(r.Faults, hardships[i].name)
	return hardships[i].effect(ctx, ended, r, next)
}

// isOfEncryptor reports whether a message is a request or a handshake of an encryptor.
func isOfEncryptor(r *Request) bool {
	return r.isHandshake || strings.HasPrefix(r.Path, "/etsi/") || strings.HasPrefix(r.Path, "/skip/")
}

// fetches reports whether an encryptor fetches a key.
func fetches(r *Request) bool {
	return strings.HasPrefix(r.Path, "/skip/key/") || strings.HasPrefix(r.Path, "/etsi/") && strings.HasSuffix(r.Path, "/dec_keys")
}

// makes reports whether an encryptor asks for a new key.
func makes(r *Request) bool {
	return r.Path == "/skip/key" || strings.HasPrefix(r.Path, "/etsi/") && strings.HasSuffix(r.Path, "/enc_keys")
}

func absent(_ context.Context, _ <-chan struct{}, r *Request, _ Deliver) (Response, error) {
	return refusal(r, etsi.ErrKeyNotFound.Status, etsi.ErrKeyNotFound.Message), nil
}

func exhausted(_ context.Context, _ <-chan struct{}, r *Request, _ Deliver) (Response, error) {
	return refusal(r, http.StatusServiceUnavailable, "Injected fault: out of pre-shared random data."), nil
}

func html(context.Context, <-chan struct{}, *Request, Deliver) (Response, error) {
	const page = "<!DOCTYPE html><title>Injected fault</title><p>Please log in to use the network.\n"
	return Response{Status: http.StatusOK, Header: http.Header{"Content-Type": {"text/html; charset=utf-8"}}, Body: []byte(page)}, nil
}
