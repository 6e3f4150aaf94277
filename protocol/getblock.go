package protocol

import (
	"fmt"
	"net/url"
	"strconv"

	"dske/psrd"
)

// GetBlock asks a hub for a block: the query of GET [PathPSRD].
type GetBlock struct {
	ClientName string
	Owner      PoolOwner
	Purpose    psrd.Purpose // psrd.ForAll in a suite without separate pools for pads and keys
	Size       int          // bytes
}

// Query returns the raw query string.
func (m GetBlock) Query() string {
	query := append(append(make([]byte, 0, queryRoom), "client_name="...), url.QueryEscape(m.ClientName)...)
	query = append(append(query, "&pool_owner="...), m.Owner...)
	if m.Purpose != psrd.ForAll {
		query = append(append(query, "&purpose="...), m.Purpose...)
	}
	return string(strconv.AppendInt(append(query, "&size="...), int64(m.Size), 10))
}

// ParseGetBlock reads a raw query string. Only a suite with separate pools for pads and keys has
// purposes, and then requires one. Its errors are [ErrMalformed]; the size is at least 1.
func ParseGetBlock(query string, suite Suite) (GetBlock, error) {
	var m GetBlock
	var size string
	members := []member{{"client_name", &m.ClientName}, {"pool_owner", (*string)(&m.Owner)}, {"size", &size}}
	if suite.Rules().Purposes {
		members = []member{members[0], members[1], {"purpose", (*string)(&m.Purpose)}, members[2]}
	}
	if err := parseQuery(query, members...); err != nil {
		return GetBlock{}, err
	}
	if m.Owner != OwnerClient && m.Owner != OwnerHub {
		return GetBlock{}, fmt.Errorf("%w: pool_owner %q is neither client nor hub", ErrMalformed, string(m.Owner))
	}
	if suite.Rules().Purposes && m.Purpose != psrd.ForPads && m.Purpose != psrd.ForKeys {
		return GetBlock{}, fmt.Errorf("%w: purpose %q is neither pad nor key", ErrMalformed, string(m.Purpose))
	}
	var err error
	if m.Size, err = strconv.Atoi(size); err != nil || m.Size < 1 {
		return GetBlock{}, fmt.Errorf("%w: size %q is not a positive number of bytes", ErrMalformed, size)
	}
	return m, nil
}
