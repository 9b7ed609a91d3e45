package main

import (
	"strings"
	"testing"
)

const events = `{"Action":"run","Test":"T/a/ours"}
{"Action":"output","Test":"T/a/ours","Output":"=== ATTR  T/a/ours promise A\n"}
{"Action":"attr","Test":"T/a/ours","Key":"topic","Value":"Calls"}
{"Action":"attr","Test":"T/a/ours","Key":"promise","Value":"A call keeps its word"}
{"Action":"attr","Test":"T/a/ours","Key":"how","Value":"a call"}
{"Action":"attr","Test":"T/a/ours","Key":"library","Value":"ours"}
{"Action":"attr","Test":"T/a/ours","Key":"verdict","Value":"kept"}
{"Action":"attr","Test":"T/a/ours","Key":"found","Value":"3 attempts"}
{"Action":"attr","Test":"T/a/theirs","Key":"topic","Value":"Calls"}
{"Action":"attr","Test":"T/a/theirs","Key":"promise","Value":"A call keeps its word"}
{"Action":"attr","Test":"T/a/theirs","Key":"how","Value":"a call"}
{"Action":"attr","Test":"T/a/theirs","Key":"library","Value":"theirs"}
{"Action":"attr","Test":"T/a/theirs","Key":"verdict","Value":"broken"}
{"Action":"attr","Test":"T/a/theirs","Key":"found","Value":"<nil> *and* 9 attempts"}
{"Action":"attr","Test":"H/b/ours","Key":"topic","Value":"HTTP"}
{"Action":"attr","Test":"H/b/ours","Key":"promise","Value":"A POST is safe"}
{"Action":"attr","Test":"H/b/ours","Key":"how","Value":"a POST"}
{"Action":"attr","Test":"H/b/ours","Key":"library","Value":"ours"}
{"Action":"attr","Test":"H/b/ours","Key":"verdict","Value":"not offered"}
{"Action":"attr","Test":"H/b/ours","Key":"found","Value":"no HTTP"}
{"Action":"output","Test":"H/b/ours","Output":"what the test said\n"}
`

func TestMatrix(t *testing.T) {
	all, output, err := readTold(strings.NewReader(events))
	if err != nil || output != "what the test said\n" {
		t.Fatalf("output %q, error %v", output, err)
	}
	var b strings.Builder
	writeMatrix(&b, findings(all))
	const want = `| | ours | theirs |
|---|:-:|:-:|
| A call keeps its word | ✓ | ✗ |
| of 1 | 1 ✓ 0 ✗ | 0 ✓ 1 ✗ |

| | ours |
|---|:-:|
| A POST is safe | · |
| of 1 | 0 ✓ 0 ✗ |

✓ kept, ✗ does otherwise, · offers nothing that the promise is about.
`
	const wantFindings = `
## Calls

### A call keeps its word

Scenario: a call.

- ✓ ours: 3 attempts
- ✗ theirs: &lt;nil> \*and\* 9 attempts

## HTTP

### A POST is safe

Scenario: a POST.

- · ours: no HTTP
`
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	writeFindings(&b, findings(all))
	if b.String() != wantFindings {
		t.Errorf("got\n%s\nwant\n%s", b.String(), wantFindings)
	}
}

func TestWhatNoTestsTell(t *testing.T) {
	if _, _, err := readTold(strings.NewReader("not JSON\n")); err == nil {
		t.Error("what isn't the output of go test is read without an error")
	}
}
