package parcel

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"filippo.io/age"
)

// Identity is the age identity with which a client opens its files. It is secret.
type Identity struct{ key *age.HybridIdentity }

// NewIdentity draws a random identity.
func NewIdentity() (Identity, error) {
	key, err := age.GenerateHybridIdentity()
	return Identity{key}, err
}

// ParseIdentity parses the output of [Identity.Reveal].
func ParseIdentity(text []byte) (Identity, error) {
	key, err := age.ParseHybridIdentity(string(text))
	if err != nil {
		return Identity{}, errors.New("the identity that files are opened with cannot be read") // the reason might show it
	}
	return Identity{key}, nil
}

// Reveal returns the identity as text, for storage.
func (i Identity) Reveal() []byte { return []byte(i.key.String()) }

// Recipient returns the recipient that files are sealed for, as text. It is not secret.
func (i Identity) Recipient() string { return i.key.Recipient().String() }

// Format implements [fmt.Formatter]; it shows nothing.
func (Identity) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[secret]") }

// CheckRecipient returns an error unless text has the form of [Identity.Recipient].
func CheckRecipient(text string) error {
	_, err := age.ParseHybridRecipient(text)
	return err
}

// Seal writes a file for the recipient, with a MAC under the client's token. The output is valid
// only if there is no error.
func Seal(to io.Writer, recipient, token string, p *Parcel) error {
	r, err := age.ParseHybridRecipient(recipient)
	switch {
	case err != nil:
		return err
	case token == "":
		return errors.New("the client has no token, so anybody could make files for it")
	}
	sealed, err := age.Encrypt(to, r)
	if err != nil {
		return err
	}
	if err := write(sealed, token, p); err != nil {
		return err
	}
	return sealed.Close()
}

// Open reads a file. The caller must clear the result. It fails with [ErrNoParcel], [ErrAltered],
// [ErrNotRecipient] or [ErrNotOurs], or with the error of from; then nothing of the file remains in
// memory.
func Open(from io.Reader, identity Identity, token string) (*Parcel, error) {
	source := &noticing{from: from}
	clear, err := age.Decrypt(bufio.NewReader(source), identity.key)
	var other *age.NoIdentityMatchError
	switch {
	case source.failed != nil:
		return nil, source.failed
	case errors.As(err, &other):
		return nil, ErrNotRecipient
	case err != nil:
		return nil, fmt.Errorf("%w, or it is damaged", ErrNoParcel)
	}
	authentic := &noticing{from: clear} // each piece is authenticated, and so is the end
	p, err := read(authentic, token)
	switch {
	case err == nil:
		return p, nil
	case source.failed != nil:
		return nil, source.failed
	case authentic.failed != nil:
		return nil, ErrAltered
	default:
		return nil, err
	}
}

// noticing tells errors of the source from errors in the data.
type noticing struct {
	from   io.Reader
	failed error
}

func (n *noticing) Read(to []byte) (int, error) {
	count, err := n.from.Read(to)
	if err != nil && !errors.Is(err, io.EOF) {
		n.failed = err
	}
	return count, err
}
