package etsi

import (
	"errors"
	"net/url"
	"strconv"
)

// parseQuery refuses what cannot be decoded as a whole, since nobody knows what it was meant to ask.
func parseQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("malformed query")
	}
	return query, nil
}

// integer returns the value of a parameter, or fallback if it is not given.
func integer(query url.Values, name string, fallback int) (int, error) {
	value, given, err := single(query, name)
	if err != nil || !given {
		return fallback, err
	}
	return parseInteger(name, value)
}

// parseInteger reads the decimal text of a parameter or member.
func parseInteger(name, text string) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, outOfBounds(name, text)
	case err != nil:
		return 0, badRequest(name+" shall be an integer").with(name, text)
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
