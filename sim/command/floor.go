package command

import (
	"context"
	"net"
	"net/http"
	"time"

	"dske/etsi"
	"dske/sim/bench"
)

// floor is a floor that is served on a port of its own.
type floor struct {
	load   bench.Load // the load on it
	server *http.Server
	served chan struct{} // closed when the server has ended
}

// startFloor serves a floor on a free port. It answers with keys, and its load is as large as load.
func startFloor(load bench.Load, keys []etsi.Key, scatter, gather bench.Messages) (*floor, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	url := "http://" + listener.Addr().String()
	inside := keepAlive(nil, load.Concurrency*max(1, len(scatter)))
	handler, err := bench.NewFloor(keys, scatter, gather, url, inside)
	if err != nil {
		listener.Close()
		return nil, err
	}
	f := &floor{load: load, server: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}, served: make(chan struct{})}
	outside := &http.Client{Transport: keepAlive(nil, load.Concurrency)}
	first := load.Pair(0)
	f.load.Pairs, f.load.Pair = 1, bench.Single(bench.Pair{
		Master: &etsi.Client{URL: url, SAE: first.Master.SAE, HTTP: outside},
		Slave:  &etsi.Client{URL: url, SAE: first.Slave.SAE, HTTP: outside},
	})
	go func() {
		defer close(f.served)
		f.server.Serve(listener)
	}()
	return f, nil
}

func (f *floor) stop() {
	f.server.Shutdown(context.Background())
	<-f.served
}
