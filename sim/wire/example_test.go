package wire_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"strings"

	"dske/sim/wire"
)

// An adversary who controls the network sends a message to another hub, and alters the response.
func ExampleWire_Intercept() {
	hubs := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println(r.URL.Path, "is asked")
		io.WriteString(w, "the truth")
	})
	w, err := wire.New(wire.Config{Transport: wire.Memory, Handler: hubs})
	if err != nil {
		log.Fatal(err)
	}
	cancel := w.Intercept(func(ctx context.Context, r *wire.Request, next wire.Deliver) (wire.Response, error) {
		r.To = "hub/helen"
		response, err := next(ctx, r)
		response.Body = []byte(strings.ToUpper(string(response.Body)))
		return response, err
	})
	defer cancel()

	carol := http.Client{Transport: w.Transport("client/carol")}
	response, err := carol.Get("http://memory/hub/hank/question")
	if err != nil {
		log.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	fmt.Println(string(body), err)
	// Output:
	// /hub/helen/question is asked
	// THE TRUTH <nil>
}
