// Package protocol is one end of the conversation between a DSKE client and a hub: its messages,
// how they are signed, and how the share inside them is encrypted.
//
// The heart is [Channel]. A hub has one per client and a client one per hub, and both ends are of
// the same type. To send, [Channel.Reserve] sets pre-shared random data aside for one message,
// [Outgoing.Seal] one-time-pads the share and [Outgoing.SignRequest] or SignResponse authenticates
// the bytes that are about to leave. To receive, [Channel.VerifyRequest] or VerifyResponse checks
// the signature without spending anything, and only then [Incoming.Open] or [Incoming.Accept]
// spends what the message named. So a forged or damaged message costs nothing, and a replayed one
// finds its bytes already used.
//
// What differs between suites is in [Suite], and its [Rules] say which measures against an active
// adversary a suite has. [ITS] has all of them; its contract is its/its.md. [Python] is the format
// of the Python implementation dske-python, whose hubs and clients can be at the other end, to the
// letter: there a signature covers the query and the body without a mark between them, and neither
// the method nor the path. No two requests can be told apart by those alone, since a query is never
// JSON; but a response answers any request.
package protocol
