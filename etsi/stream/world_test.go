package stream_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"dske/etsi"
	"dske/etsi/stream"
	"dske/sim/certs"
)

// A vault is shared by KMEs: keys that wait for their slave SAE.
type vault struct {
	mu       sync.Mutex
	keys     map[uuid.UUID]deposit
	made     int // bytes
	failure  error
	ownIDs   bool          // it ignores the IDs that it is given
	hang     chan struct{} // it waits for this, unless nil
	lastSize int           // bytes of the last key
	lies     bool          // every caller that fetches a key gets another one
}

type deposit struct {
	master, slave string
	value         []byte
}

// A kme is a KME of a vault.
type kme struct {
	*vault
	encryptors []string
}

func (k kme) Encryptors() []string { return k.encryptors }

func (k kme) GetKey(ctx context.Context, master, slave string, r etsi.KeyRequest) ([]etsi.Key, error) {
	if err := k.wait(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.failure != nil || !slices.Contains([]string{"sam", "sofia", "susan", "sunny"}, slave) {
		return nil, errors.Join(k.failure, &etsi.Error{Status: http.StatusBadRequest, Message: "unknown slave SAE"})
	}
	id, value := uuid.New(), make([]byte, r.Size/8)
	if r.IDs != nil && !k.ownIDs {
		id = r.IDs[0]
	}
	rand.Read(value)
	k.keys[id] = deposit{master, slave, value}
	k.made, k.lastSize = k.made+len(value), len(value)
	return []etsi.Key{{ID: id, Key: etsi.NewSecret(bytes.Clone(value))}}, nil
}

func (k kme) GetKeyWithKeyIDs(ctx context.Context, slave, master string, ids []uuid.UUID) ([]etsi.Key, error) {
	if err := k.wait(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	d, ok := k.keys[ids[0]]
	switch {
	case k.failure != nil:
		return nil, k.failure
	case !ok || d.master != master:
		return nil, etsi.ErrKeyNotFound
	case d.slave != slave:
		return nil, etsi.ErrUnauthorized
	}
	delete(k.keys, ids[0])
	if k.lies {
		d.value[0] ^= 1
	}
	return []etsi.Key{{ID: ids[0], Key: etsi.NewSecret(bytes.Clone(d.value))}}, nil
}

func (v *vault) wait(ctx context.Context) error {
	v.mu.Lock()
	hang := v.hang
	v.mu.Unlock()
	if hang == nil {
		return nil
	}
	select {
	case <-hang:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// change changes the vault.
func (v *vault) change(f func(*vault)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	f(v)
}

// memory is a listener without a network.
type memory struct {
	accepted chan net.Conn
	closed   chan struct{}
	once     sync.Once
}

func newMemory() *memory {
	return &memory{accepted: make(chan net.Conn), closed: make(chan struct{})}
}

func (m *memory) Accept() (net.Conn, error) {
	select {
	case conn := <-m.accepted:
		return conn, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

func (m *memory) Close() error {
	m.once.Do(func() { close(m.closed) })
	return nil
}

func (m *memory) Addr() net.Addr { return &net.TCPAddr{} }

// dial returns the client's end of a new connection.
func (m *memory) dial() (net.Conn, error) {
	here, there := net.Pipe()
	select {
	case m.accepted <- there:
		return here, nil
	case <-m.closed:
		return nil, net.ErrClosed
	}
}

// world is two KMEs, carol's for sam and connie's for sofia and susan, that serve streams.
type world struct {
	testing.TB
	vault *vault
	dir   certs.Directory
	log   *locked
	kmes  map[string]*memory
	stop  context.CancelFunc
	ended chan error // one for each KME
}

// certificates makes the certificates of a world.
func certificates(t testing.TB) certs.Directory {
	t.Helper()
	dir := certs.Directory(t.TempDir())
	names := certs.Names{KMEs: []string{"carol", "connie"}, SAEs: []string{"sam", "sofia", "susan", "mallory"}}
	if err := dir.Write(names); err != nil {
		t.Fatal(err)
	}
	return dir
}

func newWorld(t testing.TB, dir certs.Directory) *world {
	t.Helper()
	w := &world{TB: t, dir: dir, vault: &vault{keys: map[uuid.UUID]deposit{}}, log: new(locked), kmes: map[string]*memory{}, ended: make(chan error, 2)}
	var ctx context.Context
	ctx, w.stop = context.WithCancel(context.Background())
	logger := slog.New(slog.NewTextHandler(w.log, nil))
	for name, encryptors := range map[string][]string{"carol": {"sam"}, "connie": {"sofia", "susan"}} {
		config, err := dir.Server(false, dir.KME(name))
		if err != nil {
			t.Fatal(err)
		}
		listener := newMemory()
		w.kmes[name] = listener
		go func() {
			w.ended <- stream.Serve(ctx, listener, stream.Config{KME: kme{w.vault, encryptors}, TLS: config, Streams: 3, Logger: logger})
		}()
	}
	return w
}

// locked is a buffer for several goroutines.
type locked struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// close stops both KMEs and waits for them.
func (w *world) close() {
	w.Helper()
	w.stop()
	for range w.kmes {
		if err := <-w.ended; err != nil {
			w.Errorf("Serve: %v", err)
		}
	}
	if log := w.log.String(); strings.Contains(log, "panic") {
		w.Error(log)
	}
}

// connect opens a connection with an SAE's certificate.
func (w *world) connect(kme, sae string) *tls.Conn {
	w.Helper()
	config, err := w.dir.Client(w.dir.SAE(sae))
	if err != nil {
		w.Fatal(err)
	}
	config.ServerName = "localhost"
	raw, err := w.kmes[kme].dial()
	if err != nil {
		w.Fatal(err)
	}
	return tls.Client(raw, config)
}

// dial returns a client of an SAE.
func (w *world) dial(kme, sae string) *stream.Client { return stream.NewClient(w.connect(kme, sae)) }
