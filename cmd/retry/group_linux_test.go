package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

const pdeathsig = true

var furtherSignals = map[string]syscall.Signal{"40": 40, "RTMAX": 64, "PWR": syscall.SIGPWR}

// timeout(1) leaves its caller's group. It is found all the same.
func TestOtherGroupsOfTheCommand(t *testing.T) {
	ready := temp(t)
	inTime(t, 500*time.Millisecond, func(limit time.Duration) bool {
		start(t, "-q -n 2 -i 1ms -t "+limit.String()+" -- sh -c", "timeout 100 sh -c 'echo > "+ready+"; sleep 300; :'; :").end().is(t, 124, "")
		_, err := os.Stat(ready)
		return err == nil
	})
	start(t, "-q -n 1 --grace 300ms -- bash -c", "set -m; sleep 300 & sleep 300 & exit 0").end().is(t, 0, "")
}

// stat is what the system says of a process: its state, its parent, its group and its session.
func stat(t *testing.T, pid int) (state string, parent, group, session int) {
	t.Helper()
	s, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return "", 0, 0, 0
	}
	fmt.Sscan(string(s[strings.LastIndexByte(string(s), ')')+1:]), &state, &parent, &group, &session)
	return
}

// zombies are the children of a process that nobody has reaped.
func zombies(t *testing.T, parent int) (pids []int) {
	all, _ := os.ReadDir("/proc")
	for _, p := range all {
		pid, _ := strconv.Atoi(p.Name())
		if state, of, _, _ := stat(t, pid); state == "Z" && of == parent {
			pids = append(pids, pid)
		}
	}
	return pids
}

// What the command leaves to us is reaped as it ends, not only when the attempt is over: a program that
// starts others this way would fill the table of processes.
func TestOrphansAreReapedAsTheyEnd(t *testing.T) {
	ready, on := temp(t), temp(t)
	r := start(t, "-q -n 2 --delays 0,1h -- sh -c", "for i in 1 2 3 4 5 6 7 8 9 10; do (sleep 0.01 &); done; (setsid sleep 0.5 &); echo > "+ready+"; while [ ! -e "+on+" ]; do sleep 0.02; done; exit 3")
	eventually(t, "the orphans", has(ready, "\n"))
	time.Sleep(100 * time.Millisecond)
	eventually(t, "the end of the orphans", func() bool { return len(zombies(t, r.cmd.Process.Pid)) == 0 })
	os.WriteFile(on, nil, 0o600)
	time.Sleep(700 * time.Millisecond) // in the delay a daemon ends
	eventually(t, "the end of the daemon", func() bool { return len(zombies(t, r.cmd.Process.Pid)) == 0 })
	r.signal(syscall.SIGTERM)
	r.end()
}

// The number of the command's group is nobody else's as long as it may be signalled: until nothing of
// it is left, the command isn't reaped; then it is, and its number isn't used again.
func TestGroupNumberIsNobodyElses(t *testing.T) {
	pids := temp(t)
	// The command ends, and so does all of its group; what timeout(1) runs is in another, and goes on.
	r := start(t, "-q -n 1 -g 1h -- sh -c", "echo $$ > "+pids+"; timeout 100 sh -c 'trap \"\" TERM; echo $$ >> "+pids+"; while :; do sleep 0.02; done' & while [ $(wc -l < "+pids+") -lt 2 ]; do sleep 0.01; done")
	eventually(t, "both", func() bool { b, _ := os.ReadFile(pids); return strings.Count(string(b), "\n") == 2 })
	f := strings.Fields(read(t, pids))
	leader, _ := strconv.Atoi(f[0])
	other, _ := strconv.Atoi(f[1])
	eventually(t, "the command's end", func() bool { state, _, _, _ := stat(t, leader); return state == "Z" })
	time.Sleep(1200 * time.Millisecond) // TERM was sent by now to what is left
	if state, parent, _, _ := stat(t, leader); state != "Z" || parent != r.cmd.Process.Pid {
		t.Errorf("the command's number is free: state %q", state)
	}
	if state, _, group, _ := stat(t, other); state == "" || group == leader {
		t.Fatal("there is nothing left in another group")
	}
	syscall.Kill(other, syscall.SIGKILL)
	r.end().is(t, 0, "")
}

// A command that has left its group is ended all the same, and so is one whose group is the one it was started from.
func TestCommandThatLeavesItsGroup(t *testing.T) {
	ready := temp(t)
	for what, leave := range map[string]string{
		"for ours":         "os.setpgid(0, os.getpgid(os.getppid()))",
		"for a session":    "os.setpgid(0, os.getpgid(os.getppid())); os.setsid()",
		"and others don't": "os.spawnlp(os.P_NOWAIT, 'sleep', 'sleep', '300'); os.setpgid(0, os.getpgid(os.getppid()))",
	} {
		os.Remove(ready)
		r := start(t, "-q -n 1 -g 300ms -- python3 -c", "import os, time\n"+leave+"\nopen('"+ready+"', 'w').write('left')\ntime.sleep(300)")
		eventually(t, what, has(ready, "left"))
		r.signal(syscall.SIGTERM)
		r.end().is(t, 143, "")
	}
}

// Who starts us may have blocked the signal that we are to die of.
func TestStoppedByBlockedSignal(t *testing.T) {
	ready := temp(t)
	old := binary
	binary = "/usr/bin/env"
	r := start(t, "python3 -c", "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGHUP]); os.execv(sys.argv[1], sys.argv[1:])",
		old, "-q", "-g", "300ms", "sh", "-c", "echo up >"+ready+"; exec sleep 300")
	binary = old
	eventually(t, "the command", has(ready, "up"))
	r.signal(syscall.SIGTERM)
	if got := r.end(); got.died != syscall.SIGTERM {
		t.Errorf("%+v", got)
	}
}

// The numbers in the /proc of another namespace are others' ones.
func TestWithProcOfAnotherNamespace(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make a namespace")
	}
	old := binary
	binary = "/usr/bin/unshare"
	r := start(t, "-pf -- "+old+" -q -n 2 -i 0 -g 300ms sh -c", "sleep 300 & kill -9 $$")
	binary = old
	r.end().is(t, 137, "")
}

// Without /proc, as in some chroots, nothing is left either; only what is in another group isn't found.
func TestWithoutProc(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can take /proc away")
	}
	for args, code := range map[string]int{"-n 2 -g 300ms": 3, "-n 2 -g 300ms -t 300ms": 124} {
		script := "sleep 300 & exit 3"
		if code == 124 {
			script = "sleep 300; :"
		}
		old := binary
		binary = "/usr/bin/unshare"
		r := start(t, "-m sh -c", append([]string{`mount -t tmpfs none /proc && exec "$@"`, "sh", old, "-q", "-i", "0"}, append(strings.Fields(args), "sh", "-c", script)...)...)
		binary = old
		r.end().is(t, code, "")
	}
}
