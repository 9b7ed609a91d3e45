//go:build unix

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The manual has nothing that its readers complain of.
func TestManualIsClean(t *testing.T) {
	for _, args := range []string{"mandoc -T lint -W warning man/retry.1", "groff -ww -z -man -Tutf8 man/retry.1"} {
		words := strings.Fields(args)
		if _, err := exec.LookPath(words[0]); err != nil {
			t.Skip("no " + words[0])
		}
		out, err := exec.Command(words[0], words[1:]...).CombinedOutput()
		if err != nil || len(out) != 0 {
			t.Errorf("%s: %v\n%s", args, err, out)
		}
	}
}

// Completions in the shells themselves.
func TestCompletionsInShells(t *testing.T) {
	dir := t.TempDir()
	os.WriteFile(dir+"/a file.json", nil, 0o600)
	os.WriteFile(dir+"/other", nil, 0o600)
	shells := map[string]string{
		"bash": `source "$1"; cd "$2"; read -ra COMP_WORDS <<<"$3"; [[ $3 == *' ' ]] && COMP_WORDS+=(''); COMP_CWORD=$((${#COMP_WORDS[@]}-1)); _retry; printf '%s\n' "${COMPREPLY[@]}"`,
		"fish": `source $argv[1]; cd $argv[2]; complete -C $argv[3]`,
	}
	for shell, script := range shells {
		if _, err := exec.LookPath(shell); err != nil {
			t.Skip("no " + shell)
		}
		file, _ := filepath.Abs("completion/retry." + shell)
		for line, want := range map[string]string{
			"retry --att":              "--attempts",
			"retry -b ":                "decorrelated",
			"retry -qb ":               "fibonacci",
			"retry -qo ":               "once",
			"retry --report a":         "a file.json",
			"retry --file a":           "a file.json",
			"retry --log-file a":       "a file.json",
			"retry -o p":               "prefix",
			"retry --kill-signal HU":   "HUP",
			"retry --success-on t":     "timeout",
			"retry --file other --un":  "--until",
			"retry --budget b --stat":  "--status",
			"retry -n 3 --output la":   "last",
			"retry -qn 3 -- cat a":     "a file.json",
			"retry --delay 3 -o la":    "last",
			"retry -q --delay 3 --unt": "--until-fails",
		} {
			args := []string{"-c", script, file, dir, line}
			if shell == "bash" {
				args = append([]string{"--norc", "-c", script, "bash"}, args[2:]...)
			}
			out, err := exec.Command(shell, args...).CombinedOutput()
			found := false
			for got := range strings.Lines(string(out)) {
				got, _, _ = strings.Cut(strings.TrimSpace(got), "\t")
				found = found || strings.ReplaceAll(got, `\ `, " ") == want
			}
			if !found {
				t.Errorf("%s: %q: %q isn't offered, but %q, %v", shell, line, want, out, err)
			}
		}
	}
}
