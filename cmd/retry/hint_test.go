//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// What is left at $RETRY_AFTER_FILE is only read if it's a file of our user, never waited for, and obeyed once.
func TestHintThatIsNoFile(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	secret := temp(t)
	os.WriteFile(secret, []byte("hunter2"), 0o600)
	all := []string{"mkfifo $RETRY_AFTER_FILE", "mkdir $RETRY_AFTER_FILE", "ln -s " + secret + " $RETRY_AFTER_FILE", "ln -s /dev/zero $RETRY_AFTER_FILE"}
	if os.Geteuid() == 0 { // only root can give a file to somebody else
		all = append(all, "echo 3600 >$RETRY_AFTER_FILE; chown 12345 $RETRY_AFTER_FILE")
	}
	for _, made := range all {
		r := sh(t, "-n 2 -i 0", made+"; exit 1")
		r.is(t, 1, "")
		r.says(t, "$RETRY_AFTER_FILE", "attempt 2 of 2")
		if strings.Contains(r.stderr, "hunter2") {
			t.Errorf("%s: what it links to is printed: %s", made, r.stderr)
		}
	}
	// One that can't be removed isn't read again. (A full folder can't.)
	r := sh(t, "-n 3 -i 0 --log json", `if [ $RETRY_ATTEMPT = 1 ]; then echo 0.2 > $RETRY_AFTER_FILE; chmod 500 ${RETRY_AFTER_FILE%/*}; fi; exit 1`)
	if n := strings.Count(r.stderr, `"delay_seconds":0.2`); n != 1 {
		t.Errorf("obeyed %d times: %s", n, r.stderr)
	}
	// Its folder is nobody else's, and its name can't be guessed from what others see.
	report := temp(t)
	r = sh(t, "-q -n 1 --report "+report, `stat -c '%a %u' ${RETRY_AFTER_FILE%/*} 2>/dev/null || stat -f '%Lp %u' ${RETRY_AFTER_FILE%/*}; echo $RETRY_AFTER_FILE $RETRY_ID; exit 1`)
	mode, more, _ := strings.Cut(r.stdout, "\n")
	if mode != fmt.Sprintf("700 %d", os.Geteuid()) {
		t.Errorf("the folder's mode and owner: %s", mode)
	}
	file, id, _ := strings.Cut(strings.TrimSpace(more), " ")
	for i := 0; i+6 <= len(id); i++ {
		if strings.Contains(file, id[i:i+6]) {
			t.Errorf("%s can be guessed from %s", file, id)
		}
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	// Where there can't be one, the command is run all the same.
	t.Setenv("TMPDIR", "/nonexistent")
	r = sh(t, "-v", "echo ${RETRY_AFTER_FILE-none}")
	r.is(t, 0, "none\n")
	r.says(t, "there is no $RETRY_AFTER_FILE")
}
