package association

import (
	"context"

	"dske/protocol"
)

// outOfBand makes an out-of-band request and reads the answer into reply, if that is not nil.
func (a *Association) outOfBand(ctx context.Context, m message, reply any) error {
	m.header, m.value = protocol.TokenHeader, a.config.Token
	response, err := a.send(ctx, m)
	if err != nil {
		return err
	}
	defer clear(response.body)
	if err := response.err(); err != nil {
		return err
	}
	if reply == nil {
		return nil
	}
	leave, err := a.config.Bulk.Enter(ctx, len(response.body))
	if err != nil {
		return err
	}
	defer leave()
	return protocol.Unmarshal(response.body, reply)
}
