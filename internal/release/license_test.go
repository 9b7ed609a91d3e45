package main

import (
	"os"
	"slices"
	"testing"

	"github.com/google/licenseclassifier/v2/assets"
)

func TestLicensesAreRead(t *testing.T) {
	mit, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	classifier, err := assets.DefaultClassifier()
	if err != nil {
		t.Fatal(err)
	}
	gpl, err := assets.ReadLicenseFile("License/GPL-3.0/license.txt")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ text, want string }{
		"LICENSE": {string(mit), "MIT"}, "COPYING": {string(gpl), "GPL-3.0"}, "License.md": {"Do as you please.", ""}, "main.go": {string(gpl), ""},
	} {
		got, err := license(classifier, tree(t, name, c.text))
		if err != nil || len(got) > 1 || (c.want != "") != slices.Contains(got, c.want) {
			t.Errorf("%s: %q, %v; want %s", name, got, err, c.want)
		}
		if c.want == "GPL-3.0" && slices.Contains(mayUse, c.want) {
			t.Error("the GPL is taken for harmless")
		}
	}
}
