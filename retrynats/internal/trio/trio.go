// Package trio runs nats-server processes on loopback for tests and measurements: one, or a cluster of three.
package trio

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/callagain/retry/internal/ownport"
	"github.com/callagain/retry/retrynats/internal/apart"
)

// A Server is a nats-server process. It keeps its name, ports and directory when it is started again.
type Server struct {
	Name  string
	Port  int
	Store string   // the directory of its JetStream
	Env   []string // is added to the environment
	bin   string
	conf  string

	mu  sync.Mutex
	cmd *exec.Cmd
}

// Build builds nats-server of the version that the module requires, with flags such as -overlay, and returns its path. It must be
// called in the module.
func Build(dir string, flags ...string) (string, error) {
	bin := filepath.Join(dir, "nats-server")
	args := append([]string{"build", "-o", bin}, flags...)
	if out, err := exec.Command("go", append(args, "github.com/nats-io/nats-server/v2")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build nats-server: %w\n%s", err, out)
	}
	return bin, nil
}

// Start starts n servers, one or three, and returns them and their URL. extra is added to the block of the configuration that is
// about JetStream, and none of that is there if it is "-". with, if there is any, may change the Store and Env of each server.
func Start(bin, dir string, n int, extra string, with ...func(*Server)) (ss []*Server, url string, err error) {
	ports, err := ownport.Take(2 * n)
	if err != nil {
		return nil, "", err
	}
	var routes, urls []string
	for i := range n {
		routes = append(routes, fmt.Sprintf("nats://127.0.0.1:%d", ports[n+i]))
		urls = append(urls, fmt.Sprintf("nats://127.0.0.1:%d", ports[i]))
	}
	for i := range n {
		s := &Server{Name: fmt.Sprintf("s%d", i+1), Port: ports[i], bin: bin}
		s.Store = filepath.Join(dir, s.Name)
		for _, f := range with {
			f(s)
		}
		c := fmt.Sprintf("server_name: %s\nlisten: 127.0.0.1:%d\n", s.Name, s.Port)
		if extra != "-" {
			c += fmt.Sprintf("jetstream: {store_dir: %q, %s}\n", s.Store, extra)
		}
		if n > 1 {
			c += fmt.Sprintf("cluster: {name: trio, listen: 127.0.0.1:%d, routes: [%s]}\n", ports[n+i], strings.Join(routes, ", "))
		}
		s.conf = filepath.Join(dir, s.Name+".conf")
		if err := os.WriteFile(s.conf, []byte(c), 0o600); err != nil {
			return ss, "", err
		}
		if err := s.Start(); err != nil {
			return ss, "", err
		}
		ss = append(ss, s)
	}
	return ss, strings.Join(urls, ","), nil
}

// Start starts the server, and returns when it takes connections.
func (s *Server) Start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd = exec.Command(s.bin, "-c", s.conf)
	s.cmd.Env = append(append(os.Environ(), "GOMAXPROCS=2"), s.Env...)
	apart.Bind(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", s.Port))
		if err == nil {
			c.Close()
			return nil
		}
	}
	return fmt.Errorf("%s takes no connections", s.Name)
}

// Signal sends a signal to the process.
func (s *Server) Signal(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd.Process.Signal(sig)
}

// Kill kills the process.
func (s *Server) Kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cmd.Process.Signal(syscall.SIGCONT)
	s.cmd.Process.Kill()
	s.cmd.Wait()
}
