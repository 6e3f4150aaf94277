package fault

import (
	"bytes"
	"context"
	"net/http"
	"slices"

	"dske/protocol"
)

func tamper(ctx context.Context, f *Fault, r *Request, next Exchange) (Reply, error) {
	if f.spec.Value == "request" {
		r.Header = r.Header.Clone()
		tamperWith(f.spec.Where, r.Header, &r.Query, &r.Body)
		return next(ctx, r)
	}
	reply, err := next(ctx, r)
	if err == nil {
		reply.Header = reply.Header.Clone()
		tamperWith(f.spec.Where, reply.Header, nil, &reply.Body)
	}
	return reply, err
}

func tamperWith(where string, header http.Header, query *string, body *[]byte) {
	switch where {
	case "signature":
		if value := header.Get(protocol.SignatureHeader); value != "" {
			header.Set(protocol.SignatureHeader, string(flip([]byte(value))))
		}
	case "query":
		*query = string(flip([]byte(*query)))
	default:
		*body = flip(*body)
	}
}

// tail is how many bytes at the end of a message are left alone if it is not short: the end of a base64
// text can hold bits that mean nothing.
const tail = 4

// flip returns data with its lowest bit flipped in one place, near the end: the last digit or hexadecimal
// letter that remains one. So the message stays well-formed, and nothing but its signature tells.
func flip(data []byte) []byte {
	if len(data) == 0 {
		return data
	}
	data = slices.Clone(data)
	i := bytes.LastIndexAny(data[:max(len(data)-tail, 0)], "0123456789bcdeBCDE")
	if i < 0 {
		i = len(data) - 1
	}
	data[i] ^= 1
	return data
}
