package main

import (
	"strings"
	"testing"
)

const cells = `{"Action":"attr","Test":"S/1/none","Key":"table","Value":"stalled"}
{"Action":"attr","Test":"S/1/none","Key":"column","Value":"1 %"}
{"Action":"attr","Test":"S/1/none","Key":"library","Value":"none"}
{"Action":"attr","Test":"S/1/none","Key":"cell","Value":"15 / 1000"}
{"Action":"attr","Test":"S/1/ours","Key":"table","Value":"stalled"}
{"Action":"attr","Test":"S/1/ours","Key":"column","Value":"1 %"}
{"Action":"attr","Test":"S/1/ours","Key":"library","Value":"ours"}
{"Action":"attr","Test":"S/1/ours","Key":"cell","Value":"15 / 30"}
{"Action":"attr","Test":"S/5/ours","Key":"table","Value":"stalled"}
{"Action":"attr","Test":"S/5/ours","Key":"column","Value":"5 %"}
{"Action":"attr","Test":"S/5/ours","Key":"library","Value":"ours"}
{"Action":"attr","Test":"S/5/ours","Key":"cell","Value":"15 / 31"}
{"Action":"attr","Test":"R/ours","Key":"table","Value":"servers"}
{"Action":"attr","Test":"R/ours","Key":"column","Value":""}
{"Action":"attr","Test":"R/ours","Key":"library","Value":"ours"}
{"Action":"attr","Test":"R/ours","Key":"cell","Value":"10 | 20 | 1.3× | 1.1×"}
`

func TestHedgeTables(t *testing.T) {
	all, _, err := readTold(strings.NewReader(cells))
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	writeHedging(&b, all)
	for _, want := range []string{
		"| | 1 % | 5 % |\n|---|---:|---:|\n| none | 15 / 1000 |  |\n| ours | 15 / 30 | 15 / 31 |\n\n",
		"| | median | 99th | of healthy | attempts |\n|---|---:|---:|---:|---:|\n| ours | 10 | 20 | 1.3× | 1.1× |\n\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no\n%s\nin\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "dropped") {
		t.Error("a table of which nothing was told")
	}
}
