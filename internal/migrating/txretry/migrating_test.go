package txretry

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/callagain/retry"
)

// at returns when a call by p makes its attempts, each of which fails with the next of failures, and then succeeds.
func at(t *testing.T, p retry.Policy, failures ...error) (times []time.Duration, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err = retry.Do(t.Context(), p, func(context.Context) error {
			times = append(times, time.Since(began))
			if len(failures) == 0 {
				return nil
			}
			e := failures[0]
			failures = failures[1:]
			return e
		})
	})
	return times, err
}

func TestSchedules(t *testing.T) {
	busy := slices.Repeat([]error{errBusy}, 99)
	ms := func(all ...int) (d []time.Duration) {
		for _, n := range all {
			d = append(d, time.Duration(n)*time.Millisecond)
		}
		return d
	}
	for name, c := range map[string]struct {
		policy   retry.Policy
		failures []error
		want     []time.Duration
	}{
		"simple":         {simple, busy, ms(0, 10, 30, 70, 150, 310, 630, 1270, 2550, 5110)},
		"custom":         {custom, busy, ms(10, 40, 130, 400, 1210)},
		"endless":        {endless, busy[:3], ms(0, 60_000, 120_000, 180_000)},
		"squares":        {squares, busy, ms(0, 1000, 5000, 14000)},
		"trap":           {trap, []error{errNoPage}, ms(0)},
		"tester, once":   {retry.Policy{Backoff: retry.Constant(time.Second), Decide: tester.Decide}, []error{err404}, ms(0, 1000)},
		"tester, stops":  {retry.Policy{Backoff: retry.Constant(time.Second), Decide: tester.Decide}, []error{err404, err404}, ms(0, 1000)},
		"tester, others": {retry.Policy{Backoff: retry.Constant(time.Second), Decide: tester.Decide}, busy, ms(0, 1000, 2000, 3000)},
	} {
		got, err := at(t, c.policy, c.failures...)
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: attempts at %v, want %v", name, got, c.want)
		}
		if name == "tester, stops" && err != errNoPage {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStarted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		n := 0
		f := func(context.Context) (string, error) {
			if n++; n < 3 {
				return "", errors.Join(errBusy, err404)
			}
			return "page", nil
		}
		var got string
		call := started(t.Context(), f, func(page string, err error) { got = page })
		<-call.Done()
		if got != "page" || time.Since(began) != 6*time.Second {
			t.Errorf("%q after %v", got, time.Since(began))
		}
		_, err := waited(t.Context(), func(context.Context) (string, error) {
			if n++; n == 4 {
				return "", errBusy
			}
			return "", err404
		})
		if all, e := first(err); e != errBusy || len(all) != 8 {
			t.Errorf("the first failure of %v is %v, of %d", err, e, len(all))
		}
	})
}
