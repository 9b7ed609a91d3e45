package retrydebug

import (
	"testing"

	"github.com/callagain/retry/internal/layers"
)

func TestFilesReferToEachOtherOneWay(t *testing.T) {
	uses, err := layers.Of(".")
	if err != nil {
		t.Fatal(err)
	}
	if uses["serve.go"]["live.go"] == "" {
		t.Fatalf("the references were not found: %v", uses)
	}
	for _, c := range layers.Cycles(uses) {
		t.Error(c)
	}
}
