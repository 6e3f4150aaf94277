package etsi

import (
	"errors"
	"net/url"
	"strconv"

	"github.com/google/uuid"
)

// parseQuery refuses what cannot be decoded as a whole, since nobody knows what it was meant to ask.
func parseQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("malformed query")
	}
	return query, nil
}

// parseKeyRequest reads the number and the size of a Get key, both optional, and checks them.
func parseKeyRequest(query url.Values) (KeyRequest, error) {
	number, err := integer(query, "number", DefaultNumber)
	if err != nil {
		return KeyRequest{}, err
	}
	size, err := integer(query, "size", DefaultKeySize)
	if err != nil {
		return KeyRequest{}, err
	}
	request := KeyRequest{Number: number, Size: size}
	return request, request.check()
}

// parseKeyID reads the key_ID of a Get key with key IDs: 36 characters, the case of the digits
// does not matter.
func parseKeyID(query url.Values) (uuid.UUID, error) {
	value, given, err := single(query, "key_ID")
	if err != nil {
		return uuid.Nil, err
	}
	if !given {
		return uuid.Nil, badRequest("key_ID is missing")
	}
	id, err := uuid.Parse(value)
	if err != nil || len(value) != len(uuid.Nil.String()) { // Parse knows shorter and longer forms too
		return uuid.Nil, badRequest("key_ID shall be a UUID").with("key_ID", value)
	}
	return id, nil
}

// integer returns the value of a parameter, or fallback if it is not given.
func integer(query url.Values, name string, fallback int) (int, error) {
	value, given, err := single(query, name)
	if err != nil || !given {
		return fallback, err
	}
	n, err := strconv.Atoi(value)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, outOfBounds(name, value)
	case err != nil:
		return 0, badRequest(name+" shall be an integer").with(name, value)
	}
	return n, nil
}

// single returns the value of a parameter that may be given once.
func single(query url.Values, name string) (value string, given bool, err error) {
	switch values := query[name]; len(values) {
	case 0:
		return "", false, nil
	case 1:
		return values[0], true, nil
	default:
		return "", true, badRequest(name+" shall be given once").with(name, values)
	}
}
