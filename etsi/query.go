package etsi

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
)

// parseQuery refuses a query that cannot be decoded as a whole, since its meaning is unknown.
func parseQuery(raw string) (url.Values, error) {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, badRequest("malformed query")
	}
	return query, nil
}

// quantity is an integer that a request can name.
type quantity struct {
	name               string
	usual, least, most int
}

func number() quantity { return quantity{"number", DefaultNumber, 1, MaxKeyPerRequest} }

func size() quantity { return quantity{"size", DefaultKeySize, MinKeySize, MaxKeySize} }

// fromQuery returns the value of a parameter, or the default if it is not given.
func (q quantity) fromQuery(query url.Values) (int, error) {
	value, given, err := single(query, q.name)
	if err != nil || !given {
		return q.usual, err
	}
	return q.parse(value, value)
}

// fromBody returns the value of a member, or the default if it is absent.
func (q quantity) fromBody(body members) (int, error) {
	value, given := body[q.name]
	if !given {
		return q.usual, nil
	}
	return q.parse(string(value), quoted(value))
}

// parse reads decimal text. sent is its form in errors.
func (q quantity) parse(text, sent string) (int, error) {
	n, err := strconv.Atoi(text)
	switch {
	case errors.Is(err, strconv.ErrRange):
		return 0, q.outOfBounds(sent)
	case err != nil:
		return 0, badRequest(q.name+" shall be an integer").with(q.name, sent)
	}
	return n, nil
}

func (q quantity) check(n int) error {
	if n < q.least || n > q.most {
		return q.outOfBounds(n)
	}
	return nil
}

func (q quantity) outOfBounds(value any) *Error {
	return badRequest(fmt.Sprintf("%s is out of bounds, %d to %d", q.name, q.least, q.most)).with(q.name, value)
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
