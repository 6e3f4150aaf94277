package command

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"dske/sim"
	"dske/sim/topology"
)

// printPlan prints what a network would need, instead of running it.
func printPlan(to io.Writer, t *topology.Topology) error {
	p, err := sim.PlanOf(t)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	row := func(name, format string, values ...any) { fmt.Fprintf(table, name+"\t"+format+"\n", values...) }
	row("associations", "%d, of %d clients with %d hubs", p.Associations, len(t.Clients), len(t.Hubs))
	row("PSRD", "%s at the start, %s when all is in use; an association has %d pools of %d bytes at each end",
		megabytes(p.PSRD), megabytes(p.PSRDInUse), p.Pools, p.PoolSize)
	row("memory", "%s at the start, PSRD included, and up to %s of garbage", megabytes(p.Memory), megabytes(p.Garbage))
	row("ready after", "%v, on two cores like those of the benchmarks in the README", p.Ready.Round(10*time.Millisecond))
	row("keys", "each client can make %d keys of 256 bits before it needs more PSRD; a key takes %d bytes of it", p.KeysPerClient, p.PSRDPerKey)
	for _, every := range []time.Duration{time.Minute, time.Hour} {
		f, err := sim.ForecastOf(t, 256, every)
		if err != nil {
			return err
		}
		holds := "and nothing is brought"
		if f.Interval > 0 {
			holds = fmt.Sprintf("a courier every %s is enough", shortly(f.Interval))
		}
		row(fmt.Sprintf("a key every %s", shortly(every)), "of 256 bits, at each client: a full pool lasts %s, %s", shortly(f.RunsDry), holds)
	}
	return table.Flush()
}

// shortly formats a time with days, and without units that are 0.
func shortly(d time.Duration) string {
	days, rest := d/(24*time.Hour), (d % (24 * time.Hour)).Round(time.Minute)
	text := strings.TrimSuffix(strings.TrimSuffix(rest.String(), "0s"), "0m")
	switch {
	case days == 0:
		return text
	case rest == 0:
		return fmt.Sprintf("%dd", days)
	default:
		return fmt.Sprintf("%dd%s", days, text)
	}
}

func megabytes(bytes int64) string { return fmt.Sprintf("%.1f MB", float64(bytes)/1e6) }
