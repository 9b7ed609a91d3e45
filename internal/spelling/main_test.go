package main

import (
	"slices"
	"testing"
)

// Only prose is checked: no code, links, names, numbers or single letters.
func TestWordsOf(t *testing.T) {
	text := "A retry's *delay*, `in code` [link](to/a/file.md), re-uses 3s or retry.Do and camelCase; it's \"quoted\" text.\n```go\nsource code\n```\nDon’t https://example.com/path go/parser"
	want := []string{"retry", "delay", "re", "uses", "or", "and", "it", "text", "Don’t", "go", "parser"}
	var got []string
	got = append(got, wordsOf(text)...)
	if !slices.Equal(got, want) {
		t.Errorf("the words are %q, want %q", got, want)
	}
}

// Comments are checked, and not what they have of code or of an example's output.
func TestComments(t *testing.T) {
	got, err := comments("x.go", []byte("package x\n\n// F does it:\n//\n//\tsome code\n//\n// and ends.\nfunc F() {} // trailing\n\nfunc ExampleF() {\n\t// Output: printed\n}\n"))
	if err != nil || len(got) != 3 || slices.Contains(wordsOf(got[0]), "code") || !slices.Contains(wordsOf(got[0]), "ends") || len(wordsOf(got[2])) != 0 {
		t.Errorf("%q, %v", got, err)
	}
}

// The list has each word once, in order, in lower case.
func TestListIsInOrder(t *testing.T) {
	list := listed()
	if !slices.IsSorted(list) || len(slices.Compact(slices.Clone(list))) != len(list) || len(list) < 100 {
		t.Error("words.txt isn't sorted, or has a word twice; sort -u it")
	}
}
