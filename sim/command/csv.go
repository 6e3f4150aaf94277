package command

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"dske/sim"
)

// csvHead has the names of the columns of the status as CSV; levels are in bytes.
var csvHead = []string{"time", "node", "state", "psrd_least_bytes", "keys_made", "keys_delivered", "shares_waiting", "failed_verifications"}

// writeCSVHead writes the head of the table if --csv is set.
func writeCSVHead(c *cli.Context) {
	if !c.Bool("csv") {
		return
	}
	table := csv.NewWriter(c.App.Writer)
	table.Write(csvHead)
	table.Flush() // if it fails, the next write fails too
}

// writeCSV writes a line for every node, or for the named ones if names is not empty.
func writeCSV(w io.Writer, now time.Time, s sim.Snapshot, names []string) error {
	table, at := csv.NewWriter(w), now.UTC().Format(time.RFC3339Nano)
	write := func(name string, n sim.NodeSnapshot, made, delivered, waiting any) {
		if len(names) == 0 || slices.Contains(names, name) {
			table.Write([]string{at, name, n.State, fmt.Sprint(n.PSRD.Least), fmt.Sprint(made), fmt.Sprint(delivered), fmt.Sprint(waiting), fmt.Sprint(n.FailedVerifications)})
		}
	}
	for _, h := range s.Hubs {
		write("hub/"+h.Name, h.NodeSnapshot, "", "", h.SharesWaiting)
	}
	for _, c := range s.Clients {
		write("client/"+c.Name, c.NodeSnapshot, c.KeysMade, c.KeysDelivered, "")
	}
	table.Flush()
	return table.Error()
}
