package load

import (
	"context"
	"testing"
	"time"
)

// The measures run. What they say is for whoever asks.
func TestTheMeasuresRun(t *testing.T) {
	kinds = []Kind{{"retrynats", Durable}}
	for _, only := range []string{"starts", "result", "twice"} {
		if err := measure(50, only, "", ""); err != nil {
			t.Error(err)
		}
	}
}

func TestGapIsTheLongestTimeWithoutAnEvent(t *testing.T) {
	from := time.Now().Add(-10 * time.Second)
	if g := gap(from, []time.Time{from.Add(time.Second), from.Add(5 * time.Second), from.Add(9 * time.Second)}); g != 4*time.Second {
		t.Errorf("%v", g)
	}
	if g := gap(from, nil); g < 10*time.Second {
		t.Errorf("%v without an event", g)
	}
}

func TestAQueueThatCannotBeOpenedIsAnError(t *testing.T) {
	if _, err := Durable(context.Background(), "", time.Second, "nats://127.0.0.1:1"); err == nil {
		t.Error("opened")
	}
}
