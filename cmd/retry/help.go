package main

import (
	_ "embed"
	"fmt"
	"runtime/debug"
	"strings"
)

//go:embed man/retry.1
var manual string

//go:embed completion/retry.bash
var bashCompletion string

//go:embed completion/_retry
var zshCompletion string

//go:embed completion/retry.fish
var fishCompletion string

// shown is what the user asked for instead of a run.
func shown(o *options) string {
	switch {
	case o.help:
		return helpText()
	case o.version:
		return "retry " + version() + "\n"
	case o.showMan:
		return manual
	}
	return map[string]string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}[o.completion]
}

// helpText fits three screens of 24 lines.
func helpText() string {
	var b strings.Builder
	b.WriteString("retry [flags] [--] command [args...]     Runs a command until it succeeds.\n")
	for _, g := range groups {
		fmt.Fprintf(&b, "%s\n", g.title)
		for _, f := range g.flags {
			if f.help == "" {
				continue
			}
			short := "    "
			if f.short != 0 {
				short = "-" + string(rune(f.short)) + ", "
			}
			name := short + "--" + f.long
			if f.arg != "" {
				name += " " + f.arg
			}
			first, more, _ := strings.Cut(f.help, "\n")
			fmt.Fprintf(&b, "  %-25s %s\n", name, first)
			if more != "" {
				fmt.Fprintf(&b, "%28s%s\n", "", more)
			}
		}
	}
	b.WriteString(examples)
	return b.String()
}

const examples = `Examples
  retry curl -fsS https://example.com/health
  retry -n 5 --timeout 30s -- make deploy
  pg_dump db | retry --output once -- ssh backup 'cat > db && sha256sum db'
TIME is 10 (seconds), 250ms or 1h30m. --no-FLAG undoes one from $RETRY_OPTS.
Exit code: the command's; 124 out of time; 126, 127 can't be run; 128+n died of
signal n; 130, 143 told to stop; 125 our own error. See also retry --man.
`

// version is what the Go tools have noted in the binary.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" {
		return "(unknown version)"
	}
	return info.Main.Version
}
