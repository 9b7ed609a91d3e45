package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/callagain/retry"
)

// options made from flags as they're typed.
func given(t *testing.T, args string) *options {
	t.Helper()
	o, err := parseAll("", append(strings.Fields(args), "true"))
	if err != nil {
		t.Fatal(err)
	}
	return &o
}

func first(n int, b retry.Backoff) (ds []time.Duration) {
	for d := range b.Delays() {
		if ds = append(ds, d); len(ds) == n {
			break
		}
	}
	return ds
}

// A half of a second doesn't shrink to nothing, as where it is taken to the power of n; and
// whatever the growth, no delay is longer than the longest.
func TestSchedules(t *testing.T) {
	for args, want := range map[string]string{
		"-j none":                                      "0 1 2 4 8 16 32 64 120 120",
		"-j none -i 500ms -n 6":                        "0 0.5 1 2 4 8",
		"-j none -b linear -n 5 -i 2":                  "0 2 4 6 8",
		"-j none -b linear -n 5 -i 2 -m 5":             "0 2 4 5 5",
		"-b constant -n 4 -i 3":                        "0 3 3 3",
		"-b constant -n 3 -i 1h":                       "0 3600 3600",
		"--delay 3 -n 4":                               "0 3 3 3",
		"--delay 0 -n 2":                               "0 0",
		"-j none -b fibonacci -n 9 -i 1":               "0 1 2 3 5 8 13 21 34",
		"-j none -b fibonacci -n 9 -i 0.25":            "0 0.25 0.5 0.75 1.25 2 3.25 5.25 8.5",
		"--delays 0,1s,5s":                             "0 1 5",
		"--delays 0,1s,5s -n 2":                        "0 1",
		"--delays 0,1s,5s -n 5":                        "0 1 5 5 5",
		"--delays 0,1s --delays 5s":                    "0 1 5",
		"-i 0 -n 3":                                    "0 0 0",
		"-j none -n 100 -b exponential -m 106751d":     "",
		"-j none -n 100 -b fibonacci -m 106751d -i 1h": "",
	} {
		o := given(t, args)
		got := first(o.limit(), o.policy(nil).Backoff)
		if want != "" {
			var wanted []time.Duration
			for _, w := range strings.Fields(want) {
				d, _ := parseDuration(w)
				wanted = append(wanted, d)
			}
			if !slices.Equal(got, wanted) {
				t.Errorf("%s: %v, want %v", args, got, wanted)
			}
		} else if len(got) != 100 || !slices.IsSorted(got) || got[99] != 106751*24*time.Hour {
			t.Errorf("%s: %v", args, got)
		}
	}
}

// Jitter is in the range that --plan shows, never above the cap, and it's there.
func TestJitterIsInThePlansRange(t *testing.T) {
	for _, args := range []string{
		"", "-j equal", "-b constant -j full", "-b linear -m 5s", "-b fibonacci -j equal",
		"-b decorrelated", "-b decorrelated -m 3s", "--delays 0,1s,10s,0 -j full", "--delays 0,1s,10s -j equal -n 9",
		"-n unlimited -m 7s",
	} {
		o := given(t, args)
		p, err := o.planned()
		if err != nil {
			t.Fatal(err)
		}
		differ := false
		for range 200 {
			got := first(min(len(p.Delays), 100), o.policy(nil).Backoff)
			for i, d := range got {
				most := p.Delays[i]
				if d < o.least(i+1, most) || d > most || d > max(o.maxDelay, 10*time.Second) {
					t.Fatalf("%s: delay %d is %v, not from %v to %v", args, i+1, d, o.least(i+1, most), most)
				}
				differ = differ || d != most && d != o.least(i+1, most)
			}
		}
		if !differ || o.spread() == retry.NoJitter {
			t.Errorf("%s: no jitter", args)
		}
	}
}

// The plan's sums are those of the schedule, for any number of attempts and every backoff.
func TestPlanSums(t *testing.T) {
	for args, want := range map[string][2]time.Duration{
		"-n 5":                                   {15 * time.Second, 15 * time.Second / 2},
		"-n 5 -j equal":                          {15 * time.Second, 15 * time.Second * 3 / 4},
		"-n 5 -j none":                           {15 * time.Second, 15 * time.Second},
		"-n 3 -b decorrelated":                   {12 * time.Second, 5500 * time.Millisecond}, // (1+3)/2, then (1+3*2)/2
		"--delays 1,1 -j full":                   {2 * time.Second, time.Second},
		"-n 100 -b constant -i 1 -j full":        {99 * time.Second, 99 * time.Second / 2},
		"-n 200000 -b constant -i 1":             {199_999 * time.Second, 199_999 * time.Second},
		"-n 200000 --delay 1h":                   {199_999 * time.Hour, 199_999 * time.Hour},
		"-n 200000 --delays 0,1":                 {199_999 * time.Second, 199_999 * time.Second},
		"-n 300000 -b linear -i 1ms -j none":     {(120_000*120_001/2 + 179_999*120_000) * time.Millisecond, 0},
		"-n 200000 -b fibonacci -i 1s -j none":   {(1+2+3+5+8+13+21+34+55+89)*time.Second + 199_989*2*time.Minute, 0},
		"-n 200000 -i 1s -j none -b exponential": {127*time.Second + 199_992*2*time.Minute, 0},
	} {
		p, err := given(t, args).planned()
		if err != nil {
			t.Fatal(err)
		}
		if p.MaxWait != want[0] {
			t.Errorf("%s: %v at worst, want %v", args, p.MaxWait, want[0])
		}
		if want[1] == 0 {
			want[1] = want[0]
		}
		if off := float64(p.MeanWait-want[1]) / float64(want[1]); off < -0.05 || off > 0.05 {
			t.Errorf("%s: mean %v, want %v", args, p.MeanWait, want[1])
		}
	}
}

func TestPlan(t *testing.T) {
	for args, want := range map[string]string{
		"-n 4 --timeout 5s --within 1m": `attempt   delay before it
      1   none
      2   0s to 1s
      3   0s to 2s
      4   0s to 4s

all delays    7s at worst, 3.5s on average
with runs     27s at worst, as each ends after 5s
--within      it all ends after 1m, and no delay is begun that would end later
`,
		"-n unlimited -m 3s -j equal": `attempt   delay before it
      1   none
      2   500ms to 1s
      3   1s to 2s
      4   1.5s to 3s
    ...   and so on without end

`,
		"-n 2 -b decorrelated -i 2": `attempt   delay before it
      1   none
      2   2s to 6s

all delays    6s at worst, 4s on average
`,
	} {
		var b strings.Builder
		if err := printPlan(&b, given(t, args)); err != nil || b.String() != want {
			t.Errorf("%s:\n%s\nwant\n%s", args, &b, want)
		}
	}
	// It runs nothing, and needs nothing to run.
	run(t, "--plan -n 2 -j none").is(t, 0, "attempt   delay before it\n      1   none\n      2   1s\n\nall delays    1s at worst, 1s on average\n")
	name := temp(t)
	run(t, "--plan touch "+name)
	if _, err := os.Stat(name); err == nil {
		t.Error("--plan ran the command")
	}
	if r := run(t, "--plan -n 200000 -b linear -i 1ms -j none"); !strings.Contains(r.stdout, " 200000   2m\n") {
		t.Error(r.stdout)
	}
	if r := run(t, "--plan -n 200000 --delay 1"); !strings.Contains(r.stdout, " 200000   1s\n\nall delays    55h33m at worst") {
		t.Error(r.stdout)
	}
}

func FuzzSchedule(f *testing.F) {
	f.Add("exponential", int64(time.Second), int64(time.Minute), 10, "full")
	f.Add("fibonacci", int64(1), int64(1<<62), 100, "none")
	f.Fuzz(func(t *testing.T, backoff string, initial, most int64, attempts int, jitter string) {
		if !slices.Contains(strings.Fields(backoffs), backoff) || initial < 0 || most <= 0 || attempts < 1 {
			t.Skip()
		}
		o := defaults()
		o.backoff, o.initial, o.maxDelay, o.attempts, o.jitter = backoff, time.Duration(initial), time.Duration(most), min(attempts, 1000), jitter
		if backoff == "constant" {
			o.maxDelay = max(o.initial, 1) // there is no other
		}
		got := first(o.attempts, o.policy(nil).Backoff)
		if len(got) != o.attempts {
			t.Fatalf("%d delays, want %d", len(got), o.attempts)
		}
		for _, d := range got {
			if d < 0 || d > o.maxDelay {
				t.Fatalf("a delay of %v, at most %v is allowed", d, o.maxDelay)
			}
		}
	})
}
