package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The generated image can be built, and its static binary runs with nothing else in it. The test
// needs podman, and a machine on which podman can run containers.
func TestImage(t *testing.T) {
	tools(t, "podman")
	dir := filepath.Join(t.TempDir(), "out")
	if _, stderr, status := dske(t, "deploy", "compose", "--hubs", "2", "--clients", "2", "--out", dir); status != 0 {
		t.Fatal(stderr)
	}
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(dir, "dske"), ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	const image = "localhost/dske-test"
	if out, err := exec.Command("podman", "build", "-q", "-t", image, dir).CombinedOutput(); err != nil {
		t.Skipf("podman builds no image here: %v: %s", err, out)
	}
	t.Cleanup(func() { exec.Command("podman", "rmi", "-f", image).Run() })
	podman := func(args ...string) (string, error) {
		out, err := exec.Command("podman", append([]string{"run", "--rm", "--network", "none", "--read-only", "--security-opt", "no-new-privileges"}, args...)...).CombinedOutput()
		return string(out), err
	}
	out, err := podman(image, "version")
	if err != nil {
		t.Skipf("podman runs no container here: %v: %s", err, out)
	}
	scenarios, err := filepath.Abs(filepath.Join("testdata", "scenarios"))
	if err != nil {
		t.Fatal(err)
	}
	if out, err = podman("-v", scenarios+":/scenarios:ro", image, "scenario", "/scenarios/tour.txtar"); err != nil || !strings.Contains(out, "tour") {
		t.Errorf("%v: %s", err, out)
	}
}
