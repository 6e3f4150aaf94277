package command

import (
	"runtime"
	"runtime/debug"
	"testing"
)

func TestDescribeBuild(t *testing.T) {
	platform := "go1.26.0 " + runtime.GOOS + "/" + runtime.GOARCH + "\n"
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "8e7eca6"}, {Key: "vcs.time", Value: "2026-11-22T10:00:00Z"}, {Key: "vcs.modified", Value: "false"}}
	changed := append(commit[:2:2], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for _, test := range []struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		{"(devel)", nil, "dske (devel)\n" + platform},
		{"v1.2.3", commit, "dske v1.2.3\ncommit 8e7eca6 of 2026-11-22T10:00:00Z\n" + platform},
		{"(devel)", changed, "dske (devel)\ncommit 8e7eca6 of 2026-11-22T10:00:00Z, with changes\n" + platform},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26.0", Main: debug.Module{Version: test.version}, Settings: test.settings}
		if got := describeBuild(info); got != test.want {
			t.Errorf("got %q, want %q", got, test.want)
		}
	}
}
