package association

import (
	"context"

	"dske/protocol"
)

// outOfBand makes an out-of-band request and reads the answer into reply unless that is nil.
func (a *Association) outOfBand(ctx context.Context, m message, reply any) error {
	if m.header = protocol.TokenHeader; !a.hub.Python {
		m.value = a.config.Token
	}
	response, err := a.send(ctx, m)
	if err != nil {
		return err
	}
	if !response.shared {
		defer clear(response.body)
	}
	if err := a.refusal(response); err != nil {
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
