package command

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"time"

	"github.com/urfave/cli/v2"

	"dske/etsi"
	"dske/protocol"
	"dske/sim"
	"dske/sim/bench"
	"dske/sim/certs"
)

func benchCommand() *cli.Command {
	return &cli.Command{
		Name:      "bench",
		Usage:     "measure how many keys a network makes per second, and compare with plain HTTP",
		ArgsUsage: "[TOPOLOGY]",
		Action:    runBench,
		Flags: append([]cli.Flag{
			&cli.IntFlag{Name: "size", Value: 256, Usage: "ask for keys of `BITS`"},
			&cli.IntFlag{Name: "number", Value: 1, Usage: "ask for `N` keys in one request"},
			&cli.IntFlag{Name: "concurrency", Value: 16, Usage: "make `N` pairs of requests at once"},
			&cli.IntFlag{Name: "pairs", Usage: "let `N` pairs of encryptors take turns, each with a different master", DefaultText: "one for each client"},
			&cli.BoolFlag{Name: "single", Usage: "never let requests share messages"},
			&cli.DurationFlag{Name: "duration", Value: 10 * time.Second, Usage: "measure the network for `TIME`, and plain HTTP for the same time"},
			&cli.StringFlag{Name: "transport", Value: sim.Loopback, Usage: "let nodes reach each other over `HOW`: loopback or memory"},
			&cli.StringFlag{Name: "suite", Usage: "use the `SUITE` " + suiteNames(), DefaultText: "that of the topology, or " + protocol.Suites[0].Name()},
			&cli.StringFlag{Name: "data", Usage: "keep the state of all nodes in `DIR`, through crashes", DefaultText: "all is in memory"},
			&cli.BoolFlag{Name: "json", Usage: "print one JSON object"},
			&cli.StringFlag{Name: "master-url", Usage: "measure two KMEs that run elsewhere: the master's `URL`, without /api/v1/keys"},
			&cli.StringFlag{Name: "slave-url", Usage: "the slave's `URL`, without /api/v1/keys"},
			&cli.StringFlag{Name: "master-sae", Usage: "the SAE `ID` of the master"},
			&cli.StringFlag{Name: "slave-sae", Usage: "the SAE `ID` of the slave"},
			&cli.StringFlag{Name: "tls", Usage: "with KMEs elsewhere: speak TLS with the certificates in `DIR`"},
		}, slices.Concat(generateFlags, psrdFlags)...),
	}
}

func runBench(c *cli.Context) error {
	load := bench.Load{Size: c.Int("size"), Number: c.Int("number"), Concurrency: c.Int("concurrency")}
	report, err := measure(c, load)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		err = printJSON(c.App.Writer, report)
	} else {
		err = report.Print(c.App.Writer)
	}
	if err == nil && report.Failures > 0 {
		err = fmt.Errorf("%d requests failed, one of them with: %s", report.Failures, report.Failure)
	}
	return err
}

// measure measures KMEs elsewhere if flags name them, and a network of its own otherwise.
func measure(c *cli.Context, load bench.Load) (*bench.Report, error) {
	named := 0
	for _, flag := range []string{"master-url", "slave-url", "master-sae", "slave-sae"} {
		if c.IsSet(flag) {
			named++
		}
	}
	switch named {
	case 0:
		if err := checkWithout(c, "without --master-url", "tls"); err != nil {
			return nil, err
		}
		return measureOwn(c, load)
	case 4:
		if c.Args().Present() {
			return nil, usagef("a topology file has no effect with --master-url")
		}
		if err := checkWithout(c, "with --master-url", "transport", "data", "suite", "pairs", "single", "hubs", "clients", "hubs-per-client", "threshold", "block-size", "psrd"); err != nil {
			return nil, err
		}
		return measureElsewhere(c, load)
	default:
		return nil, usagef("--master-url, --slave-url, --master-sae and --slave-sae go together")
	}
}

// compare measures a network and a floor in turns, and shows the progress.
func compare(ctx context.Context, network, floor bench.Load, duration time.Duration) (o bench.Outcome, err error) {
	start, total := time.Now(), bench.Duration(duration)
	newProgress(os.Stderr).during(func() { o, err = bench.Compare(ctx, network, floor, duration) }, func() (int, int, string) {
		return int(min(time.Since(start), total).Seconds()), int(total.Seconds()), "seconds of measuring"
	})
	return o, err
}

func newReport(load bench.Load, o bench.Outcome) *bench.Report {
	r := &bench.Report{
		Size: load.Size, Number: load.Number, Concurrency: load.Concurrency,
		CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(),
	}
	r.Fill(o)
	return r
}

// measureElsewhere measures two KMEs that run already. Their floor has only the requests of the
// encryptors.
func measureElsewhere(c *cli.Context, load bench.Load) (*bench.Report, error) {
	pair, err := pairElsewhere(c, load.Concurrency)
	if err != nil {
		return nil, err
	}
	load.Pairs, load.Pair = 1, bench.Single(pair)
	keys, err := load.MakeKeys(c.Context, pair)
	if err != nil {
		return nil, err
	}
	floor, err := startFloor(load, keys, nil, nil)
	if err != nil {
		return nil, err
	}
	defer floor.stop()
	outcome, err := compare(c.Context, load, floor.load, c.Duration("duration"))
	if err != nil {
		return nil, err
	}
	report := newReport(load, outcome)
	report.Network = pair.Master.URL + " and " + pair.Slave.URL
	return report, nil
}

func pairElsewhere(c *cli.Context, concurrency int) (bench.Pair, error) {
	party := func(role string) (*etsi.Client, error) {
		client := &etsi.Client{URL: c.String(role + "-url"), SAE: c.String(role + "-sae")}
		if err := checkURL(role+"-url", client.URL); err != nil {
			return nil, err
		}
		var secure *tls.Config
		if dir := certs.Directory(c.String("tls")); dir != "" {
			var err error
			if secure, err = dir.Client(dir.SAE(client.SAE)); err != nil {
				return nil, err
			}
		}
		client.HTTP = &http.Client{Transport: keepAlive(secure, concurrency), Timeout: answerTimeout}
		return client, nil
	}
	master, err := party("master")
	if err != nil {
		return bench.Pair{}, err
	}
	slave, err := party("slave")
	return bench.Pair{Master: master, Slave: slave}, err
}

// keepAlive returns a transport that keeps up to the given number of idle connections to a host.
func keepAlive(secure *tls.Config, connections int) *http.Transport {
	return &http.Transport{TLSClientConfig: secure, MaxIdleConnsPerHost: connections, DisableCompression: true}
}
