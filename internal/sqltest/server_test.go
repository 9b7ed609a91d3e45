//go:build linux

package sqltest

import (
	"bytes"
	"context"
	"crypto/rand"
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/callagain/retry/internal/ownport"
	"github.com/go-sql-driver/mysql"
)

// A server is a database server with a data folder of its own, which listens on 127.0.0.1 only.
type server struct {
	dir, password string
	port          int
	credential    *syscall.Credential // of another user than root, since the servers refuse to run as root
	setup         *exec.Cmd
	program       string
	arguments     []string
	driver        string
	cmd           *exec.Cmd
	exited        chan struct{}
}

var (
	postgres = sync.OnceValues(startPostgres)
	mariadb  = sync.OnceValues(startMariaDB)
	started  []*server
)

func TestMain(m *testing.M) {
	mysql.SetLogger(&mysql.NopLogger{})
	code := table.Main(m)
	for _, s := range started {
		s.kill()
		os.RemoveAll(s.dir)
	}
	os.Exit(code)
}

// need returns the server, or ends the test: with a failure where everything has to run.
func need(t testing.TB, start func() (*server, error)) *server {
	t.Helper()
	s, err := start()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	return s
}

func startPostgres() (*server, error) {
	s, err := newServer("postgres", "pgx")
	if err != nil {
		return nil, err
	}
	bin := []string{"/usr/lib/postgresql/*/bin"}
	initdb, err := find("initdb", bin...)
	if err != nil {
		return nil, err
	}
	if s.program, err = find("postgres", bin...); err != nil {
		return nil, err
	}
	pw := filepath.Join(s.dir, "pw")
	if err := s.write(pw, s.password); err != nil {
		return nil, err
	}
	data := filepath.Join(s.dir, "data")
	s.setup = exec.Command(initdb, "-D", data, "-U", "test", "-A", "password", "--pwfile", pw, "-E", "UTF8", "--locale=C", "--no-sync")
	// Without fsync the server still survives the death of its processes, which is all that is done to it here.
	s.arguments = []string{"-D", data, "-p", strconv.Itoa(s.port), "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
		"-c", "fsync=off", "-c", "shared_buffers=16MB", "-c", "max_connections=60", "-c", "autovacuum=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0", "-c", "log_min_messages=fatal"}
	return s, s.begin()
}

func startMariaDB() (*server, error) {
	s, err := newServer("mysql", "mysql")
	if err != nil {
		return nil, err
	}
	install, err := find("mariadb-install-db")
	if err != nil {
		return nil, err
	}
	if s.program, err = find("mariadbd", "/usr/sbin"); err != nil {
		return nil, err
	}
	init := filepath.Join(s.dir, "init.sql")
	err = s.write(init, "CREATE DATABASE IF NOT EXISTS test;\n"+
		"CREATE OR REPLACE USER test@'127.0.0.1' IDENTIFIED BY '"+s.password+"';\n"+
		"GRANT ALL ON *.* TO test@'127.0.0.1';\nALTER USER root@localhost ACCOUNT LOCK;\n")
	if err != nil {
		return nil, err
	}
	data := "--datadir=" + filepath.Join(s.dir, "data")
	s.setup = exec.Command(install, "--no-defaults", data, "--skip-test-db", "--auth-root-authentication-method=normal")
	s.arguments = []string{"--no-defaults", data, "--port=" + strconv.Itoa(s.port), "--bind-address=127.0.0.1", "--init-file=" + init,
		"--socket=" + filepath.Join(s.dir, "socket"), "--pid-file=" + filepath.Join(s.dir, "pid"), "--skip-name-resolve",
		"--innodb-flush-log-at-trx-commit=2"}
	return s, s.begin()
}

// find looks for a program in PATH and then in the folders.
func find(name string, folders ...string) (string, error) {
	path, err := exec.LookPath(name)
	for _, f := range folders {
		matches, _ := filepath.Glob(filepath.Join(f, name))
		if err == nil {
			break
		} else if len(matches) > 0 {
			path, err = matches[len(matches)-1], nil
		}
	}
	return path, err
}

func newServer(account, driver string) (*server, error) {
	dir, err := os.MkdirTemp("", "sqltest-"+account)
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir, password: rand.Text(), driver: driver}
	if os.Getuid() == 0 {
		u, err := user.Lookup(account)
		if err != nil {
			if u, err = user.Lookup("nobody"); err != nil {
				return nil, err
			}
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		s.credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, uid, gid); err != nil {
			return nil, err
		}
	}
	ports, err := ownport.Take(1)
	if err != nil {
		return nil, err
	}
	s.port = ports[0]
	started = append(started, s)
	return s, nil
}

// write makes a file that only the server's user may read.
func (s *server) write(path, text string) error {
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil || s.credential == nil {
		return err
	}
	return os.Chown(path, int(s.credential.Uid), int(s.credential.Gid))
}

func (s *server) command(c *exec.Cmd) *exec.Cmd {
	c.Dir = s.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir, "LC_ALL=C"}
	// It ends with this process, also if that is killed or its time is up.
	c.SysProcAttr = &syscall.SysProcAttr{Credential: s.credential, Setpgid: true, Pdeathsig: syscall.SIGKILL}
	return c
}

func (s *server) begin() error {
	runtime.LockOSThread() // as in start
	defer runtime.UnlockOSThread()
	if out, err := s.command(s.setup).CombinedOutput(); err != nil {
		return fmt.Errorf("%v: %w\n%s", s.setup, err, out)
	}
	return s.start()
}

// start starts the server and waits until it can be used.
func (s *server) start() error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.cmd = s.command(exec.Command(s.program, s.arguments...))
	s.cmd.Stdout, s.cmd.Stderr = log, log
	begun, exited := make(chan error, 1), make(chan struct{})
	go func(cmd *exec.Cmd) {
		runtime.LockOSThread() // Pdeathsig is sent when the thread ends
		begun <- cmd.Start()
		cmd.Wait()
		close(exited)
	}(s.cmd)
	if err := <-begun; err != nil {
		s.cmd = nil
		return err
	}
	s.exited = exited
	ready := retry.Policy{Name: s.program, Attempts: retry.Unlimited, Backoff: retry.Constant(50 * time.Millisecond), Within: time.Minute}
	err = retry.Do(context.Background(), ready, func(ctx context.Context) error {
		select {
		case <-s.exited:
			text, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return retry.Stop(fmt.Errorf("%s ended: %s", s.program, bytes.TrimSpace(text)))
		default:
		}
		db, err := sql.Open(s.driver, s.dsn(s.driver, s.port))
		if err != nil {
			return retry.Stop(err)
		}
		defer db.Close()
		_, err = db.ExecContext(ctx, "SELECT 1")
		return err
	})
	return err
}

// kill ends the server and all its processes at once, as a crash of the machine would. It returns when all of them are gone: as long as
// one of PostgreSQL's lives, it doesn't start again.
func (s *server) kill() {
	if s.cmd == nil {
		return
	}
	pid := s.cmd.Process.Pid
	s.cmd.Process.Signal(syscall.SIGSTOP) // no more children
	for state, _ := stat(pid); state == "R" || state == "S" || state == "D"; state, _ = stat(pid) {
		time.Sleep(time.Millisecond)
	}
	children := childrenOf(pid) // PostgreSQL's leave the process group
	s.cmd.Process.Kill()
	for _, child := range children {
		syscall.Kill(child, syscall.SIGKILL)
	}
	<-s.exited
	for _, child := range children {
		for state, _ := stat(child); state != "" && state != "Z" && state != "X"; state, _ = stat(child) {
			time.Sleep(time.Millisecond)
		}
	}
	s.cmd = nil
}

// restart stops the server in an orderly way, connections cut off, and starts it again.
func (s *server) restart() error {
	stop := syscall.SIGTERM
	if s.driver == "pgx" {
		stop = syscall.SIGINT // "fast shutdown"
	}
	s.cmd.Process.Signal(stop)
	<-s.exited
	return s.start()
}

func childrenOf(pid int) (pids []int) {
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		child, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if _, parent := stat(child); parent == pid {
			pids = append(pids, child)
		}
	}
	return pids
}

// stat returns the state of a process and its parent. The state is "" if there is no such process.
func stat(pid int) (state string, parent int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	_, rest, _ := strings.Cut(string(text), ") ") // after the name
	fmt.Sscan(rest, &state, &parent)
	return state, parent
}

// dsn returns how to reach the server, or a proxy before it.
func (s *server) dsn(driver string, port int) string {
	if driver == "mysql" {
		return fmt.Sprintf("test:%s@tcp(127.0.0.1:%d)/test", s.password, port)
	}
	return fmt.Sprintf("postgres://test:%s@127.0.0.1:%d/postgres?sslmode=disable", s.password, port)
}

// open opens the database for a test.
func (s *server) open(t testing.TB, driver string, port int) *sql.DB {
	t.Helper()
	db, err := sql.Open(driver, s.dsn(driver, port))
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(20)
	db.SetMaxIdleConns(20)
	t.Cleanup(func() { db.Close() })
	return db
}

func exec1(t testing.TB, db *sql.DB, queries ...string) {
	t.Helper()
	for _, q := range queries {
		if _, err := db.Exec(q); err != nil {
			t.Fatalf("%s: %v", q, err)
		}
	}
}

func scan[T any](t testing.TB, db *sql.DB, query string) (v T) {
	t.Helper()
	if err := db.QueryRow(query).Scan(&v); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return v
}

// counts returns the pairs of numbers that the query gives.
func counts(t testing.TB, db *sql.DB, query string) map[int]int {
	t.Helper()
	counts := map[int]int{}
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var n, count int
		if err := rows.Scan(&n, &count); err != nil {
			t.Fatal(err)
		}
		counts[n] = count
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return counts
}
