//go:build unix

package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

// binaryData is any bytes at all, the same each time.
func binaryData(n int) []byte {
	b := make([]byte, n)
	r := rand.New(rand.NewPCG(3, 4))
	for i := 0; i+8 <= n; i += 8 {
		v := r.Uint64()
		for j := range 8 {
			b[i+j] = byte(v >> (8 * j))
		}
	}
	return b
}

// onlyReader makes os/exec use a pipe.
type onlyReader struct{ io.Reader }

// Every attempt gets all of the input, from a pipe or from a file, and nothing stays on disk.
func TestInputIsReplayed(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, size := range []int{0, 1, 1 << 10, 1<<20 + 1, 50 << 20} {
		data := binaryData(size)
		line := fmt.Sprintf("%x  -\n", sha256.Sum256(data))
		name := temp(t)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		for what, stdin := range map[string]io.Reader{"pipe": onlyReader{bytes.NewReader(data)}, "file": file} {
			r := runWith(t, stdin, nil, "-q", "-n", "3", "-i", "1ms", "sh", "-c", "sha256sum; [ $RETRY_ATTEMPT = 3 ]")
			if r.code != 0 || r.stdout != strings.Repeat(line, 3) {
				t.Errorf("%d bytes from a %s: exit code %d, %s%s", size, what, r.code, r.stdout, r.stderr)
			}
		}
	}
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left on disk: %v", left)
	}
}

// A file is replayed from where it was, and what the last attempt didn't read is still there
// for whoever reads it next: in "while read x; do retry …; done <file" nothing gets lost.
func TestFileIsReplayedFromWhereItWas(t *testing.T) {
	name := temp(t)
	os.WriteFile(name, []byte("one\ntwo\nthree\n"), 0o600)
	cmd := exec.Command("sh", "-c", `read x; "$0" -q -n 2 -i 1ms sh -c 'read y; echo $y; [ $RETRY_ATTEMPT = 2 ]'; cat`, binary)
	cmd.Stdin, _ = os.Open(name)
	out, err := cmd.Output()
	if err != nil || !strings.HasPrefix(string(out), "two\ntwo\n") {
		t.Errorf("%q, %v", out, err)
	}
}

// An attempt that reads only a part doesn't shorten what the next one gets.
func TestInputReadInPart(t *testing.T) {
	data := binaryData(5 << 20)
	r := runWith(t, onlyReader{bytes.NewReader(data)}, nil, "-q", "-n", "3", "-i", "1ms", "sh", "-c",
		`[ $RETRY_ATTEMPT = 3 ] && exec sha256sum; head -c 100000 >/dev/null; exit 1`)
	r.is(t, 0, fmt.Sprintf("%x  -\n", sha256.Sum256(data)))
}

// The input reaches the command as it comes, not only when it's complete, and a command
// that doesn't read it isn't kept waiting for its end.
func TestInputIsPassedOnAsItComes(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	defer w.Close() // only when both are over
	fmt.Fprintln(w, "hello")
	runWith(t, r, nil, "-q", "-n", "2", "-i", "1ms", "sh", "-c", "read x; echo got $x; [ $RETRY_ATTEMPT = 2 ]").is(t, 0, "got hello\ngot hello\n")
	runWith(t, r, nil, "-q", "-n", "2", "-i", "1ms", "false").is(t, 1, "")
}

// limited runs retry with a limit on the size of files, in units of 512 bytes: a full disk.
func limited(t *testing.T, stdin io.Reader, blocks int, args ...string) result {
	t.Helper()
	old := binary
	defer func() { binary = old }()
	binary = "/bin/sh"
	return runWith(t, stdin, nil, append([]string{"-c", fmt.Sprintf(`ulimit -f %d; exec "$@"`, blocks), "sh", old}, args...)...)
}

// Where the disk is full, an attempt still gets its input; another one can't, and that's said.
func TestDiskFullForInput(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	data := binaryData(8 << 20)
	r := limited(t, onlyReader{bytes.NewReader(data)}, 4096, "-n", "3", "-i", "1ms", "sha256sum")
	r.is(t, 0, fmt.Sprintf("%x  -\n", sha256.Sum256(data)))
	r = limited(t, onlyReader{bytes.NewReader(data)}, 4096, "-n", "3", "-i", "1ms", "sh", "-c", "sha256sum; exit 1")
	r.is(t, 125, fmt.Sprintf("%x  -\n", sha256.Sum256(data)))
	r.says(t, "standard input can't be given to another attempt", "file too large", "set TMPDIR")
	if left, _ := os.ReadDir(os.TempDir()); len(left) != 0 {
		t.Errorf("left on disk: %v", left)
	}
}

// And where output can't be kept, nothing is passed off as all of it.
func TestDiskFullForOutput(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	for _, mode := range []string{"last", "once"} {
		r := limited(t, nil, 4096, "-n", "3", "-i", "1ms", "-o", mode, "sh", "-c", "head -c 8000000 /dev/zero; exit 0")
		if r.code != 125 {
			t.Errorf("%s: exit code %d, want 125", mode, r.code)
		}
		r.says(t, "the command's output can't be kept", "set TMPDIR")
	}
}

// A run may be over before its input has so much as been looked at. On one processor it always is.
func TestRunThatIsOverAtOnceLeavesItsInput(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	s := newStdin(r)
	for range 100 {
		in, err := s.open(false)
		if err != nil {
			t.Fatal(err)
		}
		in.started()
		in.close()
	}
}

// What can't be told apart from a file by reading it is rewound as one.
func TestSeekableInputIsRewound(t *testing.T) {
	for _, name := range []string{"/dev/null", "/dev/zero", "."} {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if !newStdin(f).rewind {
			t.Errorf("%s isn't rewound", name)
		}
	}
}

// The last attempt's input isn't kept: nobody needs it again.
func TestLastAttemptKeepsNoInput(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	data := binaryData(3 << 20)
	for _, args := range []string{"-n 1", "-n 2 -i 0"} {
		r := runWith(t, onlyReader{bytes.NewReader(data)}, nil, append(strings.Fields("-q "+args),
			"sh", "-c", `[ $RETRY_ATTEMPT = $RETRY_ATTEMPTS ] || exit 1; wc -c; ls -l /proc/$PPID/fd 2>/dev/null | grep -c deleted; exit 0`)...)
		if lines := strings.Fields(r.stdout); r.code != 0 || lines[0] != strconv.Itoa(len(data)) || lines[1] != "0" {
			t.Errorf("%s: exit code %d, %q", args, r.code, r.stdout)
		}
	}
	// What the only attempt doesn't read is still there for whoever reads next.
	r := runWith(t, nil, nil, "--version")
	cmd := exec.Command("sh", "-c", `printf 'one\ntwo\n' | { "$0" -q -n 1 sh -c 'read x; echo $x'; cat; }`, binary)
	out, err := cmd.Output()
	if err != nil || string(out) != "one\ntwo\n" {
		t.Errorf("%q, %v, %v", out, err, r.code)
	}
}

// With --no-stdin the command leaves the input to the loop around it; without it takes it, as ssh does.
func TestNoStdin(t *testing.T) {
	for flag, want := range map[string]string{"--no-stdin": "one\ntwo\nthree\n", "": "one\n"} {
		cmd := exec.Command("sh", "-c", `printf 'one\ntwo\nthree\n' | while read x; do echo $x; "$0" -q -n 2 -i 0 `+flag+` sh -c 'cat >/dev/null; [ $RETRY_ATTEMPT = 2 ]'; done`, binary)
		out, err := cmd.Output()
		if err != nil || string(out) != want {
			t.Errorf("%s: %q, %v; want %q", flag, out, err, want)
		}
	}
	runWith(t, strings.NewReader("in"), []string{"RETRY_OPTS=--no-stdin"}, "--no-no-stdin", "cat").is(t, 0, "in")
}
