// Package record has what is stored of a durable call: the record, its states, and the subjects it is stored under.
package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/callagain/retry"
)

// Version is written into each record. It grows with every field that is added, since a process of an older version that rewrote the
// record would lose the field.
const Version = 1

// The states of a call.
const (
	Waiting  = "waiting"  // for its next attempt
	Running  = "running"  // an attempt was claimed by a worker
	Done     = "done"     // it succeeded
	Dead     = "dead"     // it gave up, or a failure was final
	Canceled = "canceled" // by Cancel
)

// The kinds of failures.
const (
	Error   = "error"
	Timeout = "timeout" // of the attempt
	Panic   = "panic"
	Crashed = "crashed"
)

// ErrNewer says that a record was written by a newer version.
var ErrNewer = errors.New("the record was written by a newer version of retrynats")

// ErrUnreadable says that what is stored for a call isn't a record of it.
var ErrUnreadable = errors.New("what is stored for the call can't be read")

// A Record is a call as it is stored.
type Record struct {
	Version  int             `json:"version"`
	Function string          `json:"function"`
	Key      string          `json:"key"`
	State    string          `json:"state"`
	Argument json.RawMessage `json:"argument"`
	Started  time.Time       `json:"started"`
	Ended    time.Time       `json:"ended,omitzero"`
	Attempts int             `json:"attempts"` // begun so far, with those that crashed
	Due      time.Time       `json:"due,omitzero"`
	Worker   string          `json:"worker,omitempty"` // who claimed the attempt that is running
	Position retry.Position  `json:"position"`
	Crashes  retry.Position  `json:"crashes"` // of the crashes since an attempt last came to an end
	Failures []Failure       `json:"failures,omitempty"`
	Waited   time.Duration   `json:"waited"`           // the sum of the delays
	Reason   string          `json:"reason,omitempty"` // why it is dead, in a word
	Text     string          `json:"text,omitempty"`   // and in a sentence
	Result   json.RawMessage `json:"result,omitempty"`
}

// A Failure is a failed attempt as it is stored.
type Failure struct {
	Attempt int       `json:"attempt"` // its number
	At      time.Time `json:"at"`
	Kind    string    `json:"kind"` // one of the kinds below
	Text    string    `json:"text"`
}

const (
	maxFailures = 8    // the first and the seven latest, as in retry.Error
	maxText     = 2000 // bytes of a failure's text
)

// Fail adds a failure. It keeps the first one and the latest.
func (r *Record) Fail(at time.Time, kind, text string) {
	fs := append([]Failure(nil), r.Failures...)
	if len(fs) >= maxFailures {
		fs = append(fs[:1], fs[2:]...)
	}
	r.Failures = append(fs, Failure{Attempt: r.Attempts, At: at, Kind: kind, Text: Clip(text)})
}

// Clip shortens a text to what is stored of it, and makes it valid UTF-8.
func Clip(text string) string {
	if len(text) > maxText {
		text = text[:maxText] + " …"
	}
	text = strings.ToValidUTF8(text, "\uFFFD")
	if len(text) > maxText+len(" …") { // each byte that isn't valid became three
		text = strings.ToValidUTF8(text[:maxText], "") + " …"
	}
	return text
}

// Over reports whether the call has ended.
func (r *Record) Over() bool { return r.State != Waiting && r.State != Running }

// Decode reads the record that is stored for a call. The error is ErrNewer, beside what could be read, if a newer version wrote it.
func Decode(id string, b []byte) (*Record, error) {
	r := &Record{}
	if err := json.Unmarshal(b, r); err != nil {
		// The version alone may be readable where a newer one has changed a field's type.
		var v struct{ Version int }
		if json.Unmarshal(b, &v) == nil && v.Version > Version {
			return &Record{Version: v.Version}, ErrNewer
		}
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if r.Version > Version {
		return r, ErrNewer
	}
	if r.Version < 1 || r.Function == "" || r.Key == "" || ID(r.Function, r.Key) != id {
		return nil, fmt.Errorf("%w: it is no record of this call", ErrUnreadable)
	}
	return r, nil
}
