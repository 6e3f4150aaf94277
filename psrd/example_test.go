package psrd_test

import (
	"bytes"
	"fmt"

	"github.com/google/uuid"

	"dske/psrd"
)

// Both ends have the same block. The owner chooses bytes and sends their position; the peer takes
// them. Neither can get them again.
func ExamplePool() {
	id, data := uuid.MustParse("7c9e6679-7425-40de-944b-e07fc1f90ae7"), []byte("sixteen secrets!")
	own, peer := psrd.NewOwnPool(psrd.ForPads), psrd.NewPeerPool(psrd.ForPads)
	for _, pool := range []*psrd.Pool{own, peer} {
		if err := pool.Add(psrd.NewBlock(id, bytes.Clone(data))); err != nil {
			panic(err)
		}
	}

	allocation, err := own.Allocate(7)
	if err != nil {
		panic(err)
	}
	fragments := allocation.Fragments() // sent to the peer
	here, _ := allocation.Consume()
	there, _ := peer.Take(fragments)
	fmt.Println(fragments[0].Start, fragments[0].Size, bytes.Equal(here, there))

	_, err = peer.Take(fragments)
	fmt.Println(err)
	fmt.Println(own.Available(), peer.Available())
	// Output:
	// 0 7 true
	// fragment 7c9e6679-7425-40de-944b-e07fc1f90ae7:0:7: already used
	// 9 9
}
