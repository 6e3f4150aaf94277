package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"dske/sim/simtest/ports"
)

// prometheusFor runs Prometheus with the generated configuration in dir and returns its URL. It
// scrapes five times as often as configured, to make the test quicker.
func prometheusFor(t *testing.T, dir string) string {
	t.Helper()
	tools(t, "prometheus")
	config, address := filepath.Join(dir, "prometheus.yml"), ports.Free(t, 1)[0]
	text, err := os.ReadFile(config)
	if err == nil {
		err = os.WriteFile(config, []byte(strings.Replace(string(text), "scrape_interval: 5s", "scrape_interval: 1s", 1)), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	said := &lockedBuffer{}
	cmd := exec.Command("prometheus", "--config.file", config, "--storage.tsdb.path", filepath.Join(t.TempDir(), "data"), "--web.listen-address", address)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Log(said)
		}
	})
	return "http://" + address
}

// queries returns the expressions of the panels of a generated dashboard.
func queries(t *testing.T, dir string) (all []string) {
	t.Helper()
	var board struct {
		Panels []struct{ Targets []struct{ Expr string } }
	}
	text, err := os.ReadFile(filepath.Join(dir, "grafana.json"))
	if err == nil {
		err = json.Unmarshal(text, &board)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, panel := range board.Panels {
		for _, target := range panel.Targets {
			all = append(all, target.Expr)
		}
	}
	return all
}

// values returns the result of an expression: the labels and the value of each series.
func values(prometheus, expr string) ([]string, error) {
	response, err := http.Get(prometheus + "/api/v1/query?query=" + url.QueryEscape(expr))
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer struct {
		Error string
		Data  struct {
			Result []struct {
				Metric map[string]string
				Value  [2]any
			}
		}
	}
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil || answer.Error != "" {
		return nil, fmt.Errorf("%s%v", answer.Error, err)
	}
	var found []string
	for _, r := range answer.Data.Result {
		found = append(found, fmt.Sprint(r.Metric, r.Value[1]))
	}
	return found, nil
}

// scraped checks that Prometheus, which scrapes a network with the generated configuration, gets
// metrics from every process of it, and has a result for each panel of the generated dashboard.
func scraped(t *testing.T, dir string, processes int) {
	prometheus := prometheusFor(t, dir)
	wanted := append(queries(t, dir), fmt.Sprintf("count(up == 1) == %d", processes))
	if len(wanted) < 11 {
		t.Errorf("the dashboard asks for %q", wanted)
	}
	ticker, late := time.NewTicker(100*time.Millisecond), time.After(patience)
	defer ticker.Stop()
	for len(wanted) > 0 {
		found, err := values(prometheus, wanted[0])
		if len(found) > 0 {
			t.Log(wanted[0], found[0])
			wanted = wanted[1:]
			continue
		}
		select {
		case <-ticker.C:
		case <-late:
			t.Fatalf("nothing for %q: %v", wanted, err)
		}
	}
}
