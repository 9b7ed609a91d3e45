//go:build unix

package main

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A full disk is our error, whatever we write to it.
func TestFullDiskIsOurError(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("no /dev/full")
	}
	for _, args := range []string{"--plan", "--version", "--help", "--man", "--completion bash", "-o last echo x", "-o once echo x"} {
		full, _ := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		var said bytes.Buffer
		cmd := exec.Command(binary, strings.Fields(args)...)
		cmd.Stdout, cmd.Stderr = full, &said
		cmd.Run()
		full.Close()
		if code := cmd.ProcessState.ExitCode(); code != 125 || !strings.Contains(said.String(), "no space left") {
			t.Errorf("%s: exit code %d; it said %q", args, code, &said)
		}
	}
	r := run(t, "-q --report /dev/full true")
	r.is(t, 125, "")
	r.says(t, "the report can't be written", "no space left")
	// A reader that went away is an error where its output was kept for it, and the report isn't lost.
	report := temp(t)
	cmd := exec.Command("bash", "-c", `"$0" -q -o last --report "$1" head -c 1000000 /dev/zero | true; exit ${PIPESTATUS[0]}`, binary, report)
	cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code != 125 || !strings.Contains(read(t, report), `"exit_code": 125`) {
		t.Errorf("exit code %d, report %s", code, read(t, report))
	}
}

// The report is a whole one at any time, even if we are killed, and in a folder where only short names fit.
func TestReportSurvivesKill(t *testing.T) {
	dir := t.TempDir()
	report := filepath.Join(dir, strings.Repeat("r", 255))
	r := start(t, "--delays 0,1ms,1h --report "+report+" -- sh -c", "exit 3")
	eventually(t, "two attempts", has(report, `{"attempt":2`))
	eventually(t, "the whole of it", has(report, `"exit_code": null`)) // between two writes its end is missing for an instant
	r.signal(syscall.SIGKILL)
	r.end()
	got := read(t, report)
	if strings.Count(got, `{"attempt":`) != 2 || !strings.Contains(got, `"ended": "running"`) || !strings.HasSuffix(got, "}\n") {
		t.Error(got)
	}
	if all, _ := os.ReadDir(dir); len(all) != 1 {
		t.Errorf("left behind: %v", all)
	}
}

// It only ever grows, so that there is no moment at which it has two ends.
func TestReportNeverShrinks(t *testing.T) {
	name := temp(t)
	r := &report{call: &call{started: time.Now()}}
	if err := r.open(name, `{"attempts": [`); err != nil {
		t.Fatal(err)
	}
	size := 0
	for i := range 8 {
		if i%3 == 1 {
			r.add(&attempt{reason: strings.Repeat("r", i)})
		} else {
			r.write("", ending{kind: "k", why: strings.Repeat("w", 100-10*i)})
		}
		got := read(t, name)
		if !json.Valid([]byte(got)) || len(got) < size || !strings.HasSuffix(got, "\n}\n") {
			t.Errorf("write %d: %d bytes after %d: %s", i, len(got), size, got)
		}
		size = len(got)
	}
	if err := r.finish(ending{}); err != nil {
		t.Error(err)
	}
}

// A FIFO that nobody reads is an error, not a hang, and one that is read gets the report.
func TestReportToFIFO(t *testing.T) {
	fifo := temp(t)
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	r := run(t, "--report "+fifo+" echo ran")
	r.is(t, 125, "")
	r.says(t, "nobody reads "+fifo)
	reads := func() *os.File {
		t.Helper()
		f, err := os.OpenFile(fifo, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	gets := func(f *os.File) {
		t.Helper()
		if got, err := io.ReadAll(f); err != nil || !strings.Contains(string(got), `"exit_code": 1`) {
			t.Errorf("%q, %v", got, err)
		}
		f.Close()
	}
	reader := reads()
	run(t, "-q -n 1 --report "+fifo+" false").is(t, 1, "")
	gets(reader)
	// One that comes later is waited for, for a second; a signal ends the wait.
	for _, signaled := range []bool{false, true} {
		for late := true; late; { // on a busy machine the second may be over
			began := time.Now()
			s := start(t, "-q -n 1 --report "+fifo+" false")
			time.Sleep(200 * time.Millisecond)
			if signaled {
				s.signal(syscall.SIGTERM)
			} else {
				reader = reads()
			}
			late = time.Since(began) > time.Second
			got := s.end()
			switch {
			case late:
				reader.Close()
			case signaled && got.died != syscall.SIGTERM:
				t.Errorf("%+v", got)
			case !signaled:
				got.is(t, 1, "")
				gets(reader)
			}
		}
	}
	// Nor does one that nobody reads on keep us from ending.
	f, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write(make([]byte, 65536)) // as much as it holds
	cmd := exec.Command(binary, "-q", "--report", fifo, "--within", "300ms", "false")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if got := ended(t, cmd); got.code != 125 {
		t.Errorf("exit code %d", got.code)
	}
}

// Nothing is written to what somebody else has put into a folder that anybody can write to.
func TestReportToWhatWasPlanted(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file to somebody else")
	}
	dir, other := t.TempDir(), temp(t)
	os.Chmod(dir, 0o777|os.ModeSticky)
	os.WriteFile(other, []byte("mine"), 0o600)
	os.Symlink(other, dir+"/link")
	os.WriteFile(dir+"/file", []byte("theirs"), 0o666)
	syscall.Mkfifo(dir+"/fifo", 0o666)
	for _, name := range []string{"link", "file", "fifo"} {
		os.Lchown(dir+"/"+name, 12345, 12345)
		r := run(t, "--report "+dir+"/"+name+" echo ran")
		r.is(t, 125, "")
		r.says(t, "belongs to another user")
	}
	if got := read(t, other) + read(t, dir+"/file"); got != "minetheirs" {
		t.Errorf("%q", got)
	}
	os.Symlink(other, dir+"/own") // one of our own is what we want
	run(t, "-q --report "+dir+"/own true").is(t, 0, "")
	if !strings.Contains(read(t, other), `"exit_code": 0`) {
		t.Error("our own link isn't followed")
	}
}
