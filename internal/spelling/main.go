// Spelling checks the words of comments and documents with hunspell and a list of the project's own words.
//
//	go run ./internal/spelling           from the root of the repository; needs hunspell and hunspell-en-us
//	go run ./internal/spelling -words    prints the words that neither knows, for the list
//
// Code isn't checked: neither what is in backquotes or indented in a comment, nor names that aren't words.
package main

import (
	"bytes"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

//go:embed words.txt
var own string

func main() {
	words := flag.Bool("words", false, "print the unknown words only")
	flag.Parse()
	unknown, err := check(".")
	if err != nil {
		fmt.Fprintln(os.Stderr, "spelling:", err)
		os.Exit(1)
	}
	for _, u := range unknown {
		if *words {
			fmt.Println(u.word)
		} else {
			fmt.Printf("%s: %s\n", u.where, u.word)
		}
	}
	if len(unknown) > 0 {
		if !*words {
			fmt.Fprintln(os.Stderr, "spelling: correct these, or add them to internal/spelling/words.txt if they are right")
		}
		os.Exit(1)
	}
}

// An unknownWord is one with the first file that has it.
type unknownWord struct{ word, where string }

// check returns the words below dir that neither hunspell nor the project knows.
func check(dir string) ([]unknownWord, error) {
	first := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if p != dir && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata" || d.Name() == "node_modules") {
				return filepath.SkipDir
			}
			return nil
		}
		if ext := filepath.Ext(p); ext != ".go" && ext != ".md" {
			return nil
		}
		data, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		texts := []string{string(data)}
		if filepath.Ext(p) == ".go" {
			if texts, err = comments(p, data); err != nil {
				return err
			}
		}
		for _, text := range texts {
			for _, w := range wordsOf(text) {
				if _, ok := first[w]; !ok {
					first[w] = p
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var all []string
	for w := range first {
		all = append(all, w)
	}
	slices.Sort(all)
	wrong, err := hunspell(all)
	if err != nil {
		return nil, err
	}
	known := map[string]bool{}
	for _, w := range listed() {
		known[w] = true
	}
	var unknown []unknownWord
	for _, w := range wrong {
		if !known[strings.ToLower(w)] {
			unknown = append(unknown, unknownWord{w, first[w]})
		}
	}
	return unknown, nil
}

// listed returns the project's own words, in lower case.
func listed() []string { return strings.Fields(own) }

// comments returns the comments of a Go file.
func comments(name string, data []byte) (all []string, err error) {
	f, err := parser.ParseFile(token.NewFileSet(), name, data, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		if _, ok := errors.AsType[scanner.ErrorList](err); ok {
			return nil, nil // not for us to say
		}
		return nil, err
	}
	for _, c := range f.Comments {
		var text strings.Builder
		for line := range strings.Lines(c.Text()) {
			if strings.HasPrefix(line, "\t") {
				line = "\n" // code
			}
			if strings.HasPrefix(line, "Output:") || strings.HasPrefix(line, "Unordered output:") {
				break
			}
			text.WriteString(line)
		}
		all = append(all, text.String())
	}
	return all, nil
}

var (
	code = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`|<[^>\n]*>|\\]\\([^)\n]*\\)|https?://\\S+|\"[^\"\n]*\"|\\[[\\w.*/]+\\]")
	word = regexp.MustCompile(`[\pL\pN_./:@$%&=+'’#*~^\\-]+`)
	// A plain word has nothing in it that makes it a name: no capital letter but the first, no digit, no dot.
	plain = regexp.MustCompile(`^\pL?[\p{Ll}]+(['’]\p{Ll}+)?$`)
)

// wordsOf returns the plain words of a text.
func wordsOf(text string) (all []string) {
	for _, w := range word.FindAllString(code.ReplaceAllString(text, " "), -1) {
		w = strings.Trim(w, `.:/'’*_~-+&`)
		for part := range strings.FieldsFuncSeq(w, func(r rune) bool { return r == '-' || r == '/' && !strings.Contains(w, ".") }) {
			if part = strings.TrimSuffix(part, "'s"); plain.MatchString(part) {
				all = append(all, part)
			}
		}
	}
	return all
}

// hunspell returns the words that hunspell doesn't know.
func hunspell(words []string) ([]string, error) {
	c := exec.Command("hunspell", "-l", "-d", "en_US", "-i", "utf-8")
	c.Stdin = strings.NewReader(strings.Join(words, "\n"))
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("running hunspell: %w: %s; it needs the packages hunspell and hunspell-en-us", err, bytes.TrimSpace(stderr.Bytes()))
	}
	return slices.Compact(strings.Fields(string(out))), nil
}
