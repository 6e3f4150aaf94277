package protocol_test

import (
	"fmt"
	"testing"

	"dske/protocol"
)

// BenchmarkChannel sends a share from one end of a channel to the other: sealed, signed, verified
// and opened.
func BenchmarkChannel(b *testing.B) {
	for _, size := range []int{32, 131_072} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			value := protocol.NewSecret(make([]byte, size))
			b.SetBytes(int64(size))
			b.ReportAllocs()
			sender, receiver := connect(b)
			for b.Loop() {
				if sender.Own.Available() == 0 {
					b.StopTimer()
					sender, receiver = connect(b, 64*(size+protocol.SigningKeySize))
					b.StartTimer()
				}
				send(b, sender, receiver, value)
			}
		})
	}
}

// send sends a share in a message without any other content.
func send(b *testing.B, sender, receiver *protocol.Channel, share protocol.Secret) {
	out, err := sender.Reserve(share.Size())
	if err != nil {
		b.Fatal(err)
	}
	defer out.Release()
	sealed, err := out.Seal(share)
	if err != nil {
		b.Fatal(err)
	}
	header, err := out.SignRequest(requestOf("", sealed.Value))
	if err != nil {
		b.Fatal(err)
	}
	incoming, err := receiver.VerifyRequest([]string{header}, requestOf("", sealed.Value))
	if err != nil {
		b.Fatal(err)
	}
	if _, err := incoming.Open(sealed); err != nil {
		b.Fatal(err)
	}
}
