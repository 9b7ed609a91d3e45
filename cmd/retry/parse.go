package main

import (
	"fmt"
	"strings"
)

func lookupLong(long string) *flag {
	for _, g := range groups {
		for i := range g.flags {
			if g.flags[i].long == long {
				return &g.flags[i]
			}
		}
	}
	return nil
}

func lookupShort(short byte) *flag {
	for _, g := range groups {
		for i := range g.flags {
			if f := &g.flags[i]; f.short == short && short != 0 {
				return f
			}
		}
	}
	return nil
}

// parse reads flags into o, and returns the arguments from the first that isn't one.
func parse(o *options, args []string) ([]string, error) {
	for len(args) > 0 {
		arg := args[0]
		if len(arg) < 2 || arg[0] != '-' {
			return args, nil
		}
		args = args[1:]
		if arg == "--" {
			return args, nil
		}
		var err error
		if long, ok := strings.CutPrefix(arg, "--"); ok {
			args, err = parseLong(o, long, args)
		} else {
			args, err = parseShort(o, arg[1:], args)
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

func parseLong(o *options, name string, args []string) ([]string, error) {
	name, val, given := strings.Cut(name, "=")
	f := lookupLong(name)
	switch {
	case f == nil:
		return nil, fmt.Errorf("there is no flag --%s%s", name, suggest(name))
	case f.arg == "" && given:
		return nil, fmt.Errorf("--%s takes no value", name)
	case f.arg != "" && !given:
		if len(args) == 0 {
			return nil, fmt.Errorf("--%s needs a value: --%s %s", name, name, f.arg)
		}
		val, args = args[0], args[1:]
	}
	if err := f.set(o, val); err != nil {
		return nil, fmt.Errorf("--%s: %w", name, err)
	}
	return args, nil
}

// parseShort reads "n5", "n" with its value in args, or several such as "qp".
func parseShort(o *options, letters string, args []string) ([]string, error) {
	for letters != "" {
		f := lookupShort(letters[0])
		if f == nil {
			return nil, fmt.Errorf("there is no flag -%c; see retry --help", letters[0])
		}
		name := letters[:1]
		letters = letters[1:]
		val := ""
		if f.arg != "" {
			val, letters = strings.TrimPrefix(letters, "="), ""
			if val == "" {
				if len(args) == 0 {
					return nil, fmt.Errorf("-%s needs a value: -%s %s", name, name, f.arg)
				}
				val, args = args[0], args[1:]
			}
		}
		if err := f.set(o, val); err != nil {
			return nil, fmt.Errorf("-%s: %w", name, err)
		}
	}
	return args, nil
}

// suggest names the flag that was probably meant.
func suggest(name string) string {
	best, distance := "", 3
	for _, g := range groups {
		for _, f := range g.flags {
			if d := edits(name, f.long); d < distance || strings.HasPrefix(f.long, name) && best == "" {
				best, distance = f.long, d
			}
		}
	}
	if best == "" {
		return "; see retry --help"
	}
	return "; did you mean --" + best + "?"
}

// edits is how many letters must be changed, added or left out to make b of a.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[j], row[j+1])
			}
			diagonal, row[j+1] = row[j+1], cost
		}
	}
	return row[len(b)]
}
