package command

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/urfave/cli/v2"
)

func versionCommand() *cli.Command {
	return &cli.Command{
		Name:  "version",
		Usage: "print the version of the program, and what it was built from",
		Action: func(c *cli.Context) error {
			info, ok := debug.ReadBuildInfo()
			if !ok {
				return fmt.Errorf("the program was built without module support, so it does not know its version")
			}
			fmt.Fprint(c.App.Writer, describeBuild(info))
			return nil
		},
	}
}

// version returns the version of the module, as far as the build knows it.
func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return "unknown"
}

// describeBuild describes a build. It has no commit if it was made by go run, or outside a
// repository.
func describeBuild(info *debug.BuildInfo) string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	text := fmt.Sprintf("dske %s\n", info.Main.Version)
	if commit := settings["vcs.revision"]; commit != "" {
		text += fmt.Sprintf("commit %s of %s", commit, settings["vcs.time"])
		if settings["vcs.modified"] == "true" {
			text += ", with changes"
		}
		text += "\n"
	}
	return text + fmt.Sprintf("%s %s/%s\n", info.GoVersion, runtime.GOOS, runtime.GOARCH)
}
