// Package protocol is one end of the dialogue between a DSKE client and a hub: its messages, how
// they are signed, and how the share in them is encrypted.
//
// The central type is [Channel]. A hub has one per client and a client one per hub, and both ends
// have the same type. To send, [Channel.Reserve] sets pre-shared random data aside for one message,
// [Outgoing.Seal] encrypts the share with a one-time pad, and [Outgoing.SignRequest] or
// SignResponse authenticates the bytes that are about to leave. To receive, [Channel.VerifyRequest]
// or VerifyResponse checks the signature without spending anything, and only then [Incoming.Open]
// or [Incoming.Accept] spends the PSRD that the message names. So a forged or damaged message costs
// nothing, and the PSRD of a replayed message is found already used.
//
// Everything that differs between suites is in [Suite], and its [Rules] list the measures that a
// suite has against an active adversary. [ITS] has all of them; its contract is its/its.md.
// [Python] is exactly the format of the Python implementation dske-python, whose hubs and clients
// can be at the other end: there a signature covers the query and the body without a separator, and
// neither the method nor the path. Two requests cannot be confused because of that, since a query
// is never JSON; but a response is valid for any request.
package protocol
