package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func hintFrom(t *testing.T, text string, now time.Time) (time.Duration, error) {
	t.Helper()
	name := temp(t)
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if _, err := os.Stat(name); err == nil {
			t.Errorf("%q: the file is still there", text)
		}
	}()
	return takeHint(name, now)
}

// The manual and the completions know each flag, and no other.
func TestFlagsAreInManualAndCompletions(t *testing.T) {
	known := map[string]bool{}
	manual := strings.ReplaceAll(manual, `\-`, "-")
	for _, g := range groups {
		for _, f := range g.flags {
			known[f.long] = true
			for name, text := range map[string]string{"manual": manual, "bash": bashCompletion, "zsh": zshCompletion} {
				if !regexp.MustCompile(`--` + f.long + `\b`).MatchString(text) {
					t.Errorf("--%s isn't in the %s", f.long, name)
				}
			}
			if !strings.Contains(fishCompletion, "-l "+f.long+" ") && !strings.Contains(fishCompletion, "-l "+f.long+"\n") {
				t.Errorf("--%s isn't in the fish completion", f.long)
			}
			if f.short != 0 && (!regexp.MustCompile(`-`+string(rune(f.short))+`\W+--`+f.long+`\b`).MatchString(manual) ||
				!strings.Contains(fishCompletion, "-s "+string(rune(f.short))+" -l "+f.long)) {
				t.Errorf("-%c isn't in the manual or the fish completion", f.short)
			}
			for w := range strings.FieldsSeq(f.words) {
				for name, text := range map[string]string{"manual": manual, "bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion} {
					if !strings.Contains(text, w) {
						t.Errorf("%s of --%s isn't in the %s", w, f.long, name)
					}
				}
			}
		}
	}
	for name, text := range map[string]string{"manual": manual, "bash": bashCompletion, "zsh": zshCompletion} {
		for _, m := range regexp.MustCompile(`(?:^|[^-\w])--([a-z][a-z-]+)`).FindAllStringSubmatch(text, -1) {
			if !known[m[1]] && name != "manual" {
				t.Errorf("the %s has --%s, which there is not", name, m[1])
			}
		}
	}
}

// The help fits three screens of 24 lines.
func TestHelpFitsThreeScreens(t *testing.T) {
	text := helpText()
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 72 {
		t.Errorf("%d lines", len(lines))
	}
	for _, l := range lines {
		if len(l) > 80 {
			t.Errorf("%d columns: %s", len(l), l)
		}
	}
	r := run(t, "--help")
	r.is(t, 0, text)
	run(t, "--completion bash").is(t, 0, bashCompletion)
	run(t, "--completion zsh").is(t, 0, zshCompletion)
	run(t, "--completion fish").is(t, 0, fishCompletion)
	run(t, "--man").is(t, 0, manual)
	if r := run(t, "--version"); r.code != 0 || !strings.HasPrefix(r.stdout, "retry ") {
		t.Errorf("%+v", r)
	}
}

// No two flags have the same name.
func TestFlagNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, g := range groups {
		for _, f := range g.flags {
			if seen[f.long] || f.short != 0 && seen[string(rune(f.short))] {
				t.Errorf("--%s or -%c is there twice", f.long, f.short)
			}
			seen[f.long], seen[string(rune(f.short))] = true, true
		}
	}
}

// The recipes in the documentation are right: each has flags that there are, and that can be used together.
func TestRecipesAreRight(t *testing.T) {
	page, err := os.ReadFile("../../docs/command.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, m := range regexp.MustCompile("`(?:[^`]* )?retry (-[^`]*|curl [^`]*)`").FindAllStringSubmatch(string(page), -1) {
		words, err := split(strings.ReplaceAll(m[1], `\|`, "|"))
		if err == nil {
			_, err = parseAll("", words)
		}
		if n++; err != nil && !slices.Contains([]string{"--help", "--man", "--completion", "--plan"}, words[0]) {
			t.Errorf("%s: %v", m[0], err)
		}
	}
	if n < 25 {
		t.Errorf("only %d recipes were found", n)
	}
}
