package etsi_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"

	"dske/etsi"
)

// An encryptor asks its KME for a key to share with another encryptor. The KME here is a stand-in
// that has one key.
func ExampleClient() {
	kme := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, `{"keys":[{"key_ID":"0f8fad5b-d9cb-469f-a165-70867728950e","key":"c2l4dGVlbiBzZWNyZXRzIQ=="}]}`)
	}))
	defer kme.Close()

	sam := &etsi.Client{URL: kme.URL, SAE: "sam"}
	keys, err := sam.GetKey(context.Background(), "sofia", etsi.KeyRequest{Size: 128})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(keys[0].ID, "of", 8*len(keys[0].Key.Reveal()), "bits") // the key itself is not printed by accident
	// Output:
	// 0f8fad5b-d9cb-469f-a165-70867728950e of 128 bits
}
