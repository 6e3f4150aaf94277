package scenario_test

import (
	"context"
	"fmt"

	"dske/sim/scenario"
)

// A scenario is a text. It runs on a network of its own, and has a result for each section.
func ExampleRun() {
	const text = `# Hubs that hang

# Two hubs that hang cost nothing.
fault hang to=hank,helen method=POST
get-key-pair sam sofia
stdout 'Key values match'
# Three are too many.
fault hang to=holly method=POST
! get-key sam sofia
stderr 'Could not scatter enough shares'
-- network.yaml --
hub_timeout: 100ms
`
	result := scenario.Run(context.Background(), "hang.txtar", []byte(text), scenario.Options{})
	for _, section := range result.Sections {
		fmt.Println(section.Title, section.Failure == nil)
	}
	fmt.Println("failed:", result.Failed())
	// Output:
	// Two hubs that hang cost nothing. true
	// Three are too many. true
	// failed: false
}
