package proc

import (
	"testing"
	"testing/synctest"
	"time"
)

func TestAwake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		done := make(chan struct{})
		began := time.Now()
		if !Awake(time.Minute, done) || time.Since(began) != time.Minute {
			t.Errorf("it didn't wait a minute, but %v", time.Since(began))
		}
		time.AfterFunc(10*time.Second, func() { close(done) })
		began = time.Now()
		if Awake(time.Minute, done) || time.Since(began) != 10*time.Second {
			t.Errorf("done after 10s, it waited %v", time.Since(began))
		}
	})
}
