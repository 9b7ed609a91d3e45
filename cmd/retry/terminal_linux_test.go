package main

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// A terminal is a pseudo-terminal with a program in it that leads its session, as a login shell does.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	mu     sync.Mutex
	shown  strings.Builder
	ended  chan struct{}
}

func ioctl(t *testing.T, f *os.File, request uintptr, arg unsafe.Pointer) {
	t.Helper()
	raw, err := f.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	raw.Control(func(fd uintptr) {
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, request, uintptr(arg)); errno != 0 {
			t.Fatalf("ioctl %#x: %v", request, errno)
		}
	})
}

// inTerminal starts a program in a terminal of 80 columns.
func inTerminal(t *testing.T, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	var number, unlocked int32
	ioctl(t, master, syscall.TIOCSPTLCK, unsafe.Pointer(&unlocked))
	ioctl(t, master, syscall.TIOCGPTN, unsafe.Pointer(&number))
	ioctl(t, master, syscall.TIOCSWINSZ, unsafe.Pointer(&[4]uint16{24, 80}))
	tty, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer tty.Close()
	// What is typed isn't shown, so that it isn't taken for what programs say.
	var modes syscall.Termios
	ioctl(t, tty, syscall.TCGETS, unsafe.Pointer(&modes))
	modes.Lflag &^= syscall.ECHO
	ioctl(t, tty, syscall.TCSETS, unsafe.Pointer(&modes))
	x := &terminal{t: t, master: master, cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = tty, tty, tty
	x.cmd.Env = append(os.Environ(), "PS1=$ ", "TERM=xterm", "R="+binary)
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		chunk := make([]byte, 4096)
		for {
			n, err := master.Read(chunk)
			x.mu.Lock()
			x.shown.Write(chunk[:n])
			x.mu.Unlock()
			if err != nil {
				return
			}
		}
	}()
	go func() { x.cmd.Wait(); close(x.ended) }()
	t.Cleanup(func() {
		x.cmd.Process.Kill()
		<-x.ended
		master.Close()
		if strings.Contains(x.text(), "DATA RACE") {
			t.Error(x.text())
		}
	})
	return x
}

func (x *terminal) text() string {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.shown.String()
}

// clear forgets what was shown, and types.
func (x *terminal) types(keys string) {
	x.mu.Lock()
	x.shown.Reset()
	x.mu.Unlock()
	x.master.WriteString(keys)
}

func (x *terminal) shows(texts ...string) {
	x.t.Helper()
	for _, text := range texts {
		end := time.Now().Add(time.Minute)
		for !strings.Contains(x.text(), text) {
			if time.Now().After(end) {
				x.t.Fatalf("the terminal doesn't show %q but:\n%q", text, x.text())
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// foreground is the process group in the foreground.
func (x *terminal) foreground() int {
	x.t.Helper()
	var group int32
	ioctl(x.t, x.master, syscall.TIOCGPGRP, unsafe.Pointer(&group))
	return int(group)
}

// got waits until every process in the terminal has taken an INT that was sent to it.
func (x *terminal) got() {
	x.t.Helper()
	eventually(x.t, "all have the INT", func() bool {
		all, _ := os.ReadDir("/proc")
		for _, p := range all {
			pid, _ := strconv.Atoi(p.Name())
			if _, _, _, session := stat(x.t, pid); session != x.cmd.Process.Pid {
				continue
			}
			status, _ := os.ReadFile("/proc/" + p.Name() + "/status")
			for line := range strings.Lines(string(status)) {
				name, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
				if set, _ := strconv.ParseUint(value, 16, 64); (name == "SigPnd" || name == "ShdPnd") && set&(1<<(syscall.SIGINT-1)) != 0 {
					return false
				}
			}
		}
		return true
	})
}

// stops presses Ctrl-Z until the job is stopped: while the shell is about to put the job into the
// foreground, one may get lost, as with any job. With a key that sends a signal goes what the terminal has yet to
// show, so that the shell, which has said that it's stopped, may have to be asked for it.
func (x *terminal) stops() {
	x.t.Helper()
	x.types(ctrlZ)
	for range 60 {
		for range 200 {
			// Before the prompt the shell loses what is typed.
			if _, after, stopped := strings.Cut(x.text(), "Stopped"); stopped && strings.Contains(after, "ready> ") {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
		if x.foreground() == x.cmd.Process.Pid {
			x.master.WriteString("jobs\n")
		} else {
			x.master.WriteString(ctrlZ)
		}
	}
	ps, _ := exec.Command("ps", "-o", "pid,ppid,pgid,tpgid,stat,wchan:20,args", "-s", fmt.Sprint(x.cmd.Process.Pid)).CombinedOutput()
	x.t.Fatalf("the job isn't stopped; the terminal shows %q;\n%s", x.text(), ps)
}

// sleeps starts a command that sleeps, in a line that goes on with rest, and returns its number and what tells its state.
func (x *terminal) sleeps(rest string) (command int, state func(want string) func() bool) {
	x.t.Helper()
	pid := temp(x.t)
	x.types("$R -n 1 sh -c 'echo $$ > " + pid + "; exec sleep 300'" + rest + "\n")
	eventually(x.t, "the command", has(pid, "\n"))
	command, _ = strconv.Atoi(strings.TrimSpace(read(x.t, pid)))
	return command, func(want string) func() bool {
		return func() bool { state, _, _, _ := stat(x.t, command); return state == want }
	}
}

// ends waits for the program's end.
func (x *terminal) ends() *os.ProcessState {
	x.t.Helper()
	select {
	case <-x.ended:
	case <-time.After(time.Minute):
		x.t.Fatalf("it doesn't end; the terminal shows:\n%q", x.text())
	}
	return x.cmd.ProcessState
}

// shell starts an interactive shell, which does job control.
func shell(t *testing.T) *terminal {
	t.Helper()
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("no bash")
	}
	x := inTerminal(t, bash, "--norc", "--noprofile", "--noediting", "-i")
	x.types("PS1='ready> '\n")
	x.shows("ready> ")
	return x
}

const (
	ctrlC = "\x03"
	ctrlZ = "\x1a"
)

// The command can read the terminal, at every attempt.
func TestCommandReadsTerminal(t *testing.T) {
	x := shell(t)
	x.types("$R --delays 0,1ms,1ms sh -c 'echo ask $RETRY_ATTEMPT; read x; echo got $x; [ $x = yes ]'; echo code $?\n")
	x.shows("ask 1")
	x.types("no\n")
	x.shows("got no", "attempt 1 of 3: exit code 1", "ask 2")
	x.types("yes\n")
	x.shows("got yes", "success at attempt 2", "code 0")
	// One that wants it only later, and whose input and output are no terminal.
	x.types("echo | $R -n 1 sh -c 'echo ask >/dev/tty; read x </dev/tty; echo got $x' | cat; echo code $?\n")
	x.shows("ask")
	x.types("it\n")
	x.shows("got it", "code 0")
}

// A program that looks whether it's in the foreground, as wget does, is.
func TestCommandIsInForeground(t *testing.T) {
	x := shell(t)
	x.types("$R -n 1 sh -c 'until set -- $(cut -d\" \" -f5,8 /proc/$$/stat); [ $1 = $2 ]; do sleep 0.02; done'; echo code $?\n")
	x.shows("code 0")
	// Afterwards it's the shell's again.
	x.types("echo still here\n")
	x.shows("still here")
}

// Ctrl-C means stop, even to a command that ends with a code of its own, as rsync does;
// and the script that runs us is stopped, too.
func TestCtrlC(t *testing.T) {
	for name, command := range map[string]string{
		"dies of it":       `sh -c 'echo up; exec sleep 300'`, // a shell may lose one while it starts another process
		"has its own code": `sh -c 'trap "exit 20" INT; echo up; while :; do sleep 0.02; done'`,
		"one level deeper": `sh -c 'trap : INT; sh -c "echo up; exec sleep 300"; exit 20'`,
	} {
		t.Run(name, func(t *testing.T) {
			x := shell(t)
			x.types("$R --delays 0,1h " + command + "; echo code $?\n")
			x.shows("up")
			time.Sleep(20 * time.Millisecond) // for the lookout to be started, though not for it to be ready
			x.types(ctrlC)
			x.shows("told to stop by SIGINT")
			x.types("echo code $?\n")
			x.shows("code 130")

			script := temp(t)
			os.WriteFile(script, []byte("$R --delays 0,1h "+command+"\necho went on\n"), 0o600)
			x.types("bash " + script + "\n")
			x.shows("up")
			time.Sleep(20 * time.Millisecond)
			x.types(ctrlC)
			x.shows("told to stop by SIGINT")
			x.types("echo code $?\n")
			x.shows("code 130")
			if strings.Contains(x.text(), "went on") {
				t.Error("the script went on")
			}
		})
	}
}

// A second Ctrl-C ends what doesn't obey the first.
func TestCtrlCTwice(t *testing.T) {
	x := shell(t)
	pid := temp(t)
	x.types("$R --grace 1h sh -c 'trap \"echo no\" INT; trap \"\" TERM; echo $$ > " + pid + "; while :; do sleep 0.02; done'\n")
	eventually(t, "the command", has(pid, "\n"))
	command, _ := strconv.Atoi(strings.TrimSpace(read(t, pid)))
	eventually(t, "the command is in the foreground", func() bool { return x.foreground() == command })
	x.types(ctrlC)
	x.shows("no")
	x.got() // or two would be one
	x.types(ctrlC)
	x.shows("told to stop by SIGINT")
}

func TestCtrlCInDelay(t *testing.T) {
	x := shell(t)
	x.types("$R --delays 0,1h sh -c 'exit 3'; echo code $?\n")
	x.shows("attempt 2 of 2 in 1h (Ctrl-C ends it)")
	x.types(ctrlC)
	x.shows("told to stop by SIGINT")
	x.types("echo code $?\n")
	x.shows("code 130")
}

// Ctrl-Z stops the command and us, fg continues both, in the foreground, and bg in the background.
func TestCtrlZ(t *testing.T) {
	x := shell(t)
	x.types("$R -n 1 sh -c 'echo up; read x; echo got $x; exit 4'\n")
	x.shows("up")
	for range 2 {
		x.stops()
		x.types("fg\n")
		x.shows("-n 1 sh -c")
	}
	x.types("it\n")
	x.shows("got it", "exit code 4")
	// In the background a command that wants the terminal is stopped, as always, and whoever runs us can see that this is why.
	x.types("$R -n 1 sh -c 'echo up; read x; echo got $x; exit 4' &\n")
	x.shows("up")
	eventually(t, "the job is stopped", func() bool {
		x.types("jobs -l\n")
		time.Sleep(50 * time.Millisecond)
		return strings.Contains(x.text(), "(tty input)")
	})
	x.types("fg\n")
	x.shows("-n 1 sh -c")
	x.types("it\n")
	x.shows("got it", "exit code 4")
	// One that doesn't want it goes on in the background. (It's one process: a shell that is
	// just about to start another one can't be stopped at once.)
	fifo, log := temp(t), temp(t)
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	passes := func(text string) {
		w.WriteString(text)
		eventually(t, "it runs", func() bool { b, _ := os.ReadFile(log); return strings.HasSuffix(string(b), text) })
	}
	x.types("$R -n 1 cat " + fifo + " >" + log + "\n")
	passes("before")
	x.stops()
	x.types("bg\n")
	passes("after")
	x.types("kill %1; wait %1; echo code $?\n")
	x.shows("code 143")
}

// So it does where the command is another retry, or a script with one.
func TestCtrlZInNestedRuns(t *testing.T) {
	x := shell(t)
	for _, outer := range []string{"$R -n 1", "$R -n 1 sh -c '\"$@\"; exit' sh"} {
		x.types(outer + " $R -n 1 sh -c 'echo up; read x; echo got $x; exit 4'\n")
		x.shows("up")
		for range 2 {
			x.stops()
			x.types("fg\n")
			x.shows("-n 1 sh -c")
		}
		x.types("it\n")
		x.shows("got it", "exit code 4", "ready> ")
	}
}

// In a pipeline, where the command isn't in the foreground, Ctrl-Z stops it all the same.
func TestCtrlZInPipeline(t *testing.T) {
	x := shell(t)
	_, state := x.sleeps(" | cat")
	for range 2 {
		x.stops()
		eventually(t, "the command is stopped", state("T"))
		x.types("fg\n")
		x.shows("sleep 300")
		eventually(t, "the command goes on", state("S"))
	}
	x.types(ctrlC)
	eventually(t, "the command's end", state(""))
}

// A Ctrl-Z that comes as soon as fg has continued the command stops it all the same.
func TestCtrlZAfterFg(t *testing.T) {
	x := shell(t)
	command, state := x.sleeps("")
	for range 20 {
		eventually(t, "the command is in the foreground", func() bool { return x.foreground() == command && state("S")() })
		x.stops()
		eventually(t, "the command is stopped", state("T"))
		x.types("fg\n")
	}
}

// A pager further down the pipeline keeps the terminal.
func TestPagerKeepsTerminal(t *testing.T) {
	x := shell(t)
	x.types("$R -n 1 sh -c 'echo line; sleep 0.5; echo line' | sh -c 'read x </dev/tty; echo pager got $x; cat'; echo code $?\n")
	time.Sleep(200 * time.Millisecond)
	x.types("key\n")
	x.shows("pager got key", "line", "code 0")
}

// Without a shell, as the first program of a terminal, Ctrl-Z can't stop us for good.
func TestCtrlZWithoutShell(t *testing.T) {
	x := inTerminal(t, binary, "-n", "1", "sh", "-c", "echo up; read x; exit 4")
	x.shows("up")
	x.types(ctrlZ)
	time.Sleep(100 * time.Millisecond)
	x.types("it\n")
	if code := x.ends().ExitCode(); code != 4 {
		t.Errorf("exit code %d", code)
	}
}

// The countdown is one line that is drawn over itself and wiped out.
func TestLiveLine(t *testing.T) {
	const line = `\rretry: attempt 2 of 2 in (\w+) \(Ctrl-C ends it\)\x1b\[K`
	inTime(t, 2*time.Second, func(delay time.Duration) bool {
		x := inTerminal(t, binary, "--delays", "0,"+delay.String(), "sh", "-c", "echo run $RETRY_ATTEMPT; [ $RETRY_ATTEMPT = 2 ]")
		if state := x.ends(); state.ExitCode() != 0 {
			t.Errorf("%v", state)
		}
		x.shows("success")
		text := x.text()
		if !regexp.MustCompile(`^run 1\r\n.*; next in ` + short(delay) + `\r\n(` + line + `)+\r\x1b\[Krun 2\r\n`).MatchString(text) {
			t.Fatalf("%q", text)
		}
		shown, last := 0, delay+1
		for _, m := range regexp.MustCompile(line).FindAllStringSubmatch(text, -1) {
			left, err := time.ParseDuration(m[1])
			if err != nil || left > last {
				t.Errorf("%q: %v", text, err)
			}
			if left < last {
				shown++
			}
			last = left
		}
		return shown > 1 // it counts down; a number for which there was no time is left out
	})
	for _, args := range []string{"-q", "--log=json"} {
		x := inTerminal(t, binary, args, "--delays", "0,1s", "false")
		x.ends()
		if strings.Contains(x.text(), "\x1b") {
			t.Errorf("%s: %q", args, x.text())
		}
	}
}

// When the terminal is closed, all ends.
func TestTerminalCloses(t *testing.T) {
	pid := temp(t)
	x := inTerminal(t, binary, "--grace", "300ms", "sh", "-c", "echo $$ > "+pid+"; echo up; sleep 300 & wait")
	x.shows("up")
	x.master.Close()
	x.ends()
	if err := exec.Command("kill", "-0", strings.TrimSpace(read(t, pid))).Run(); err == nil {
		t.Error("the command is left")
	}
	// Where it's a script that runs us, we aren't told, but the command is.
	for _, script := range []string{"$R --delays 0,1h sh -c 'echo up; exec sleep 300'", "$R $R --delays 0,1h sh -c 'trap \"\" HUP; echo up; while :; do sleep 0.1; done'"} {
		name := temp(t)
		t.Setenv("TERMINAL_RUN", name)
		os.WriteFile(name, []byte(strings.ReplaceAll(script, "$R", "$R -g 300ms")+"; echo went on >"+name+".on\n"), 0o600)
		x := inTerminal(t, "bash", name)
		x.shows("up")
		time.Sleep(50 * time.Millisecond)
		x.master.Close()
		x.ends()
		eventually(t, "the end of all processes", func() bool { return len(having("TERMINAL_RUN="+name)) == 0 })
		if _, err := os.Stat(name + ".on"); err == nil {
			t.Errorf("%s: the script went on", script)
		}
	}
	// Under nohup it's nothing to us.
	name := temp(t)
	os.WriteFile(name, []byte("trap '' HUP; $R -n 1 sh -c 'echo up; sleep 0.5; echo done >"+name+".on'\n"), 0o600)
	x = inTerminal(t, "bash", name)
	x.shows("up")
	x.master.Close()
	eventually(t, "the command's end", has(name+".on", "done"))
}
