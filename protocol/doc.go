// Package protocol is one end of the conversation between a DSKE client and a hub: its messages, how
// they are signed, and how the share inside them is encrypted.
//
// The heart is [Channel]. A hub has one per client and a client one per hub, and both ends are of the
// same type. To send, [Channel.Reserve] sets pre-shared random data aside for one message,
// [Outgoing.Seal] one-time-pads the share and [Outgoing.Sign] authenticates the bytes that are about to
// leave. To receive, [Channel.Verify] checks the signature without spending anything, and only then
// [Incoming.Open] or [Incoming.Accept] spends what the message named. So a forged or damaged message
// costs nothing, and a replayed one finds its bytes already used.
//
// A signature covers the query and the body without a mark between them, and neither the method nor the
// path. That is safe as long as no two messages can be told apart by those alone: a query is never JSON.
//
// The format is that of the Python implementation dske-python, whose hubs and clients can be at the
// other end.
package protocol
