package etsi

import (
	"net/http"
	"slices"
)

// identify returns the ID of the SAE that sent r, which is one of the encryptors, or [ErrUnauthorized].
// The whole value of the Authorization header is the SAE ID; without that header the only encryptor
// of a KME is assumed to be calling.
func identify(r *http.Request, encryptors []string) (string, error) {
	claimed := r.Header.Values("Authorization")
	switch {
	case len(claimed) == 0 && len(encryptors) == 1:
		return encryptors[0], nil
	case len(claimed) == 1 && slices.Contains(encryptors, claimed[0]):
		return claimed[0], nil
	}
	return "", ErrUnauthorized
}
