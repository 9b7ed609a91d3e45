package host

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// MaxPayload is the largest message of the embedded server.
const MaxPayload = 4 << 20

// start starts the server of a directory whose lock we hold. It keeps the port that others know, unless it was taken.
func start(dir string, a *access) (*server.Server, error) {
	t, err := a.server()
	if err != nil {
		return nil, err
	}
	port := server.RANDOM_PORT
	if a.Port > 0 {
		if l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Port))); err == nil {
			l.Close()
			port = a.Port
		}
	}
	s, err := server.NewServer(&server.Options{
		ServerName: "retrynats", Host: "127.0.0.1", Port: port, Authorization: a.Token, TLS: true, TLSConfig: t, TLSTimeout: 5,
		JetStream: true, StoreDir: dir, SyncAlways: true, JetStreamMaxStore: 1 << 50, JetStreamMaxMemory: 64 << 20,
		MaxPayload: MaxPayload, NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, err
	}
	var why fatal
	s.SetLogger(&why, false, false)
	s.Start()
	if reason := why.first(); reason != "" || !s.JetStreamEnabled() { // then it doesn't listen
		s.Shutdown()
		return nil, fmt.Errorf("the embedded server can't use the directory: is its disk full, or read-only, or a file in it not one of ours? (%s)", reason)
	}
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return nil, errors.New("the embedded server didn't start within 30s")
	}
	a.Port = s.Addr().(*net.TCPAddr).Port
	return s, nil
}
