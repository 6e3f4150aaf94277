package command

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"dske/sim"
)

const tableHead = "NODE\tSTATE\tASSOCIATIONS\tLEAST PSRD\tKEYS MADE\tDELIVERED\tSHARES WAITING\tENCRYPTORS"

// writeTable writes a line for every node, or for the named ones if names is not empty.
func writeTable(w io.Writer, o sim.Overview, s sim.Snapshot, names []string) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, tableHead)
	for _, row := range slices.Concat(hubRows(s.Hubs), clientRows(s.Clients, o.Clients)) {
		if len(names) == 0 || slices.Contains(names, row[0]) {
			fmt.Fprintln(table, strings.Join(row, "\t"))
		}
	}
	return table.Flush()
}

// hubState returns the state of a hub, and what is wrong with it.
func hubState(h sim.HubSnapshot) string {
	state := h.State
	if h.Lies {
		state += ", lies"
	}
	if h.BrokenInto {
		state += ", broken into"
	}
	if h.ForgottenBy > 0 {
		state += fmt.Sprintf(", has forgotten %d", h.ForgottenBy)
	}
	return state
}

func hubRows(hubs []sim.HubSnapshot) [][]string {
	var rows [][]string
	for _, h := range hubs {
		row := []string{"hub/" + h.Name, hubState(h), "-", "-", "-", "-", "-", "-"}
		if h.Running {
			row[2], row[3] = strconv.Itoa(h.PSRD.Associations), strconv.Itoa(h.PSRD.Least)
			row[6] = strconv.Itoa(h.SharesWaiting)
		}
		rows = append(rows, row)
	}
	return rows
}

// clientRows returns the rows of clients. Both arguments have the clients in the same order.
func clientRows(clients []sim.ClientSnapshot, topology []sim.ClientOverview) [][]string {
	var rows [][]string
	for i, c := range clients {
		row := []string{"client/" + c.Name, c.State, "-", "-", fmt.Sprint(c.KeysMade), fmt.Sprint(c.KeysDelivered), "-", strings.Join(topology[i].Encryptors, ", ")}
		if c.Running {
			row[2] = fmt.Sprintf("%d of %d", c.PSRD.Associations, len(topology[i].Hubs))
			row[3] = strconv.Itoa(c.PSRD.Least)
		}
		rows = append(rows, row)
	}
	return rows
}
