package main

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// A setting is a flag as it was given.
type setting struct {
	*flag
	as    string // how it was written: -n or --attempts
	value string
	off   bool // --no-attempts: as if it had not been given before
}

// parse reads flags, and returns the arguments from the first that isn't one as well.
func parse(args []string) (given []setting, rest []string, err error) {
	for len(args) > 0 && len(args[0]) >= 2 && args[0][0] == '-' {
		arg := args[0]
		args = args[1:]
		if arg == "--" {
			break
		}
		var some []setting
		if long, ok := strings.CutPrefix(arg, "--"); ok {
			some, args, err = parseLong(long, args)
		} else {
			some, args, err = parseShort(arg[1:], args)
		}
		if err != nil {
			return nil, nil, err
		}
		for _, s := range some {
			same := func(old setting) bool { return old.flag == s.flag }
			if i := slices.IndexFunc(given, same); i >= 0 && !s.off && !given[i].off {
				if !s.addsUp() && s.value != given[i].value {
					values := fmt.Sprintf("with %q and with %q", given[i].value, s.value)
					if s.arg == aCommand {
						values = "with different ones" // which may hold what is nobody's business
					}
					return nil, nil, fmt.Errorf("%s is given twice, %s; use one of them", s.as, values)
				}
			} else {
				given = slices.DeleteFunc(given, same)
			}
			given = append(given, s)
		}
	}
	return given, args, nil
}

func parseLong(name string, args []string) ([]setting, []string, error) {
	name, val, given := strings.Cut(name, "=")
	s := setting{as: "--" + name, value: val}
	s.flag = find(func(f *flag) bool { return f.long == name })
	if long, no := strings.CutPrefix(name, "no-"); s.flag == nil && no {
		s.flag, s.off = find(func(f *flag) bool { return f.long == long }), true
	}
	switch {
	case s.flag == nil:
		return nil, nil, fmt.Errorf("there is no flag %s%s", s.as, suggest(name))
	case (s.arg == "" || s.off) && given:
		return nil, nil, fmt.Errorf("%s takes no value", s.as)
	case s.arg != "" && !s.off && !given:
		if len(args) == 0 {
			return nil, nil, fmt.Errorf("%s needs a value: %s %s", s.as, s.as, s.arg)
		}
		s.value, args = args[0], args[1:]
	}
	return []setting{s}, args, nil
}

// parseShort reads "n5", "n" with its value in args, or several such as "qp".
func parseShort(letters string, args []string) (some []setting, _ []string, _ error) {
	for letters != "" {
		s := setting{as: "-" + letters[:1]}
		s.flag = find(func(f *flag) bool { return f.short == letters[0] })
		if s.flag == nil {
			_, size := utf8.DecodeRuneInString(letters)
			return nil, nil, fmt.Errorf("there is no flag -%s; see retry --help", letters[:size])
		}
		letters = letters[1:]
		if s.arg != "" {
			s.value, letters = strings.TrimPrefix(letters, "="), ""
			if s.value == "" {
				if len(args) == 0 {
					return nil, nil, fmt.Errorf("%s needs a value: %s %s", s.as, s.as, s.arg)
				}
				s.value, args = args[0], args[1:]
			}
		}
		some = append(some, s)
	}
	return some, args, nil
}

// find returns the first flag that is meant, or nil.
func find(is func(*flag) bool) *flag {
	for _, g := range groups {
		for i := range g.flags {
			if f := &g.flags[i]; is(f) {
				return f
			}
		}
	}
	return nil
}

// elsewhere is what other tools call our flags, where no letters are alike.
var elsewhere = map[string]string{
	"retries": "attempts", "tries": "attempts", "times": "attempts", "max-retries": "attempts", "count": "attempts",
	"interval": "delay", "sleep": "delay", "wait": "delay", "max-time": "within", "deadline": "within",
}

// suggest names the flag that was probably meant: the nearest.
func suggest(name string) string {
	best, distance := elsewhere[name], 1+max(2, len(name)/3)
	if best == "" {
		find(func(f *flag) bool {
			d := edits(name, f.long)
			if name != "" && strings.HasPrefix(f.long, name) {
				d = 0
			}
			if d < distance {
				best, distance = f.long, d
			}
			return false
		})
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
