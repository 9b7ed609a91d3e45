package load

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

const (
	variable  = "RETRYNATS_BENCH"
	killDelay = 4 * time.Second
)

// kill shows what kill -9 does: jobs fail, their next attempts are planned in four seconds, the process is killed after one and another one
// goes on. Each attempt that comes before its time, or with a number that was used before, is counted.
func kill(n int, url string) error {
	n = min(n, 1000)
	if url != "" {
		return nil
	}
	for _, k := range kinds {
		dir, err := os.MkdirTemp("", "bench-*")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		failed, numbers, early, again := map[string]time.Time{}, map[string]int{}, 0, 0
		for life := range 3 {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), variable+"="+fmt.Sprintf("%s,%s,%d", k.Name, filepath.Join(dir, "queue"), n*(1-min(life, 1))))
			cmd.Stderr = os.Stderr
			out, err := cmd.StdoutPipe()
			if err != nil {
				return err
			}
			if err := cmd.Start(); err != nil {
				return err
			}
			time.AfterFunc([]time.Duration{3 * time.Second, 2 * time.Second, 8 * time.Second}[life], func() { cmd.Process.Kill() })
			for s := bufio.NewScanner(out); s.Scan(); {
				var key string
				var i int
				var at int64
				if _, err := fmt.Sscan(s.Text(), &key, &i, &at); err != nil {
					continue
				}
				t := time.Unix(0, at)
				if f, ok := failed[key]; ok && t.Sub(f) < killDelay {
					early++
				}
				if i <= numbers[key] {
					again++
				}
				failed[key], numbers[key] = t, max(i, numbers[key])
			}
			cmd.Wait()
		}
		fmt.Printf("%-10s killed twice: of %d jobs, %d attempts came before their time, %d with a number that was used before\n", k.Name, len(failed), early, again)
	}
	return nil
}

// victim is the process that is killed.
func victim(where string) error {
	w := strings.Split(where, ",")
	n := 0
	fmt.Sscan(w[2], &n)
	for _, k := range kinds {
		if k.Name != w[0] {
			continue
		}
		q, err := k.Open(context.Background(), w[1], killDelay, "")
		if err != nil {
			return err
		}
		// Each line is one write, so it is there when the process dies.
		if err := q.Work(func(key string, i int) error {
			os.Stdout.WriteString(fmt.Sprintf("%s %d %d\n", key, i, time.Now().UnixNano()))
			return errDown
		}); err != nil {
			return err
		}
		if n > 0 {
			if _, err := fill(q, "k", n, 50); err != nil {
				return err
			}
		}
		select {}
	}
	return fmt.Errorf("no queue %q", w[0])
}
