package association

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"dske/protocol"
)

var errForgotten = errors.New("the hub has lost its state")

// register registers the client with the hub.
func (a *Association) register(ctx context.Context) (protocol.Registered, error) {
	body, err := protocol.Marshal(protocol.Registration{ClientName: a.config.Client, EncryptorNames: a.config.Encryptors})
	var registered protocol.Registered
	if err != nil {
		return registered, err
	}
	if err := a.outOfBand(ctx, message{method: http.MethodPut, path: protocol.PathRegistration, body: body}, &registered); err != nil {
		return registered, fmt.Errorf("registering: %w", err)
	}
	if registered.HubName != a.hub.Name {
		return registered, fmt.Errorf("registering: %s is hub %q and not %q", a.hub.URL, registered.HubName, a.hub.Name)
	}
	if err := registered.CheckSuite(a.config.Suite); err != nil {
		return registered, fmt.Errorf("registering: %w", err)
	}
	return registered, nil
}

// Unregister tells the hub that the client stops, for good or for a while.
func (a *Association) Unregister(ctx context.Context) error {
	t, err := a.join(ctx)
	if err != nil {
		return err
	}
	defer t.leave()
	query := url.Values{"client_name": {a.config.Client}}.Encode()
	return a.outOfBand(ctx, message{method: http.MethodDelete, path: protocol.PathRegistration, query: query}, nil)
}

// ClientOf returns the name of the client that serves an encryptor. It fails with
// [protocol.ErrUnknownEncryptor] only if the hub has not lost its state; it checks that by asking
// for one of this client's own encryptors.
func (a *Association) ClientOf(ctx context.Context, encryptor string) (string, error) {
	s, err := a.ensureSession(ctx)
	if err != nil {
		return "", err
	}
	name, err := a.getEncryptor(ctx, encryptor)
	if !errors.Is(err, protocol.ErrUnknownEncryptor) {
		return name, err
	}
	if _, own := a.getEncryptor(ctx, a.config.Encryptors[0]); errors.Is(own, protocol.ErrUnknownEncryptor) {
		a.forget(s)
		a.Maintain()
		return "", errForgotten
	}
	return "", err
}

func (a *Association) getEncryptor(ctx context.Context, name string) (string, error) {
	var e protocol.Encryptor
	err := a.outOfBand(ctx, message{method: http.MethodGet, path: protocol.PathEncryptors + "/" + url.PathEscape(name)}, &e)
	return e.ClientName, err
}
