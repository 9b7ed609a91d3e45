// Package s3test runs a real S3 server in this process, the Versity gateway over a
// temporary folder, and a proxy before it that spoils requests and answers on demand.
// It is a module of its own so that nobody who imports retryaws needs the gateway.
package s3test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/s3api"
	"github.com/versity/versitygw/s3api/middlewares"
)

const (
	region = "us-east-1"
	access = "local"
	secret = "local-secret"
)

// A Server is a running S3 server. Only the process that started it can reach it, at a Unix socket.
type Server struct {
	api    *s3api.S3ApiServer
	disk   *posix.Posix
	dir    string
	back   string // the working directory to return to
	socket string
	served chan error
}

// Start starts a server over a new temporary folder. The gateway changes the working
// directory of the process until Close, and allows one server at a time.
func Start() (*Server, error) {
	s, err := prepare()
	if err != nil {
		return nil, fmt.Errorf("start an S3 server: %w", err)
	}
	listening := make(chan struct{})
	s3api.WithOnListen(func() { close(listening) })(s.api)
	go func() { s.served <- s.api.ServeMultiPort([]string{s.socket}) }()
	select {
	case <-listening:
		return s, nil
	case err := <-s.served:
		s.clean()
		return nil, fmt.Errorf("start an S3 server: %w", err)
	}
}

func prepare() (s *Server, err error) {
	s = &Server{served: make(chan error, 1)}
	// A short name: the path of a Unix socket has 104 characters at most.
	if s.dir, err = os.MkdirTemp("", "s3-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			s.clean()
		}
	}()
	s.socket = filepath.Join(s.dir, "socket")
	objects, attributes := filepath.Join(s.dir, "objects"), filepath.Join(s.dir, "meta")
	for _, dir := range []string{objects, attributes} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return nil, err
		}
	}
	// Beside the objects instead of in extended attributes, which not every file system has.
	beside, err := meta.NewSideCar(attributes)
	if err != nil {
		return nil, err
	}
	if s.back, err = os.Getwd(); err != nil {
		return nil, err
	}
	if s.disk, err = posix.New(objects, beside, posix.PosixOpts{}); err != nil {
		return nil, err
	}
	s.api, err = s3api.New(s.disk, middlewares.RootUserConfig{Access: access, Secret: secret}, region,
		auth.NewIAMServiceSingle(auth.Account{Access: access, Secret: secret, Role: auth.RoleAdmin}),
		nil, nil, nil, nil,
		s3api.WithQuiet(), s3api.WithKeepAlive(), s3api.WithConcurrencyLimiter(1000, 1000))
	return s, err
}

// Transport returns an http.RoundTripper that reaches the server whatever the host of the URL.
func (s *Server) Transport() *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", s.socket)
		},
		MaxIdleConnsPerHost: 100,
		DisableCompression:  true,
	}
}

// Config returns what an SDK client needs to call the server through the proxy at endpoint.
func Config(endpoint string) aws.Config {
	return aws.Config{
		Region:       region,
		BaseEndpoint: &endpoint,
		// Checksums of what is sent and received, as in the SDK's default configuration.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenSupported,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenSupported,
		Credentials: aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
			return aws.Credentials{AccessKeyID: access, SecretAccessKey: secret}, nil
		}),
	}
}

// Close stops the server and removes its folder.
func (s *Server) Close() error {
	err := s.api.ShutDown()
	if err == nil {
		<-s.served // its error only says that the server was shut down
	}
	return errors.Join(err, s.clean())
}

func (s *Server) clean() error {
	var err error
	if s.disk != nil {
		s.disk.Shutdown()
		err = os.Chdir(s.back)
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
