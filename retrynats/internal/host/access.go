package host

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// access is how processes that may read the directory reach its owner, and know each other: the owner by its certificate, so that
// nobody who takes the port while there is no owner is told the token or believed, and they by the token.
type access struct {
	Host  string `json:"host"`
	Port  int    `json:"port"`
	Token string `json:"token"`
	Cert  []byte `json:"cert"`
	Key   []byte `json:"key"`
}

const accessName = "access.json"

func readAccess(dir string) (access, error) {
	var a access
	b, err := os.ReadFile(filepath.Join(dir, accessName))
	if err != nil {
		return a, err
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, unreadable(dir, err)
	}
	return a, nil
}

func unreadable(dir string, err error) error {
	return fmt.Errorf("%s can't be read (%w): delete it while no process uses the directory", filepath.Join(dir, accessName), err)
}

// check returns an error if a server can't be started with a.
func (a access) check(dir string) error {
	_, err := a.server()
	if err == nil {
		_, err = a.client()
	}
	if err == nil && (a.Token == "" || a.Port < 0 || a.Port > 65535) {
		err = errors.New("it has no token, or a port that can't be one")
	}
	if err != nil {
		return unreadable(dir, err)
	}
	return nil
}

func (a access) write(dir string) error {
	b, err := json.Marshal(a)
	if err != nil {
		return err
	}
	return write(filepath.Join(dir, accessName), b)
}

func newAccess() (access, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return access{}, err
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "retrynats"},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		// Clocks step, and both ends have the certificate itself: its dates mean nothing.
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		return access{}, err
	}
	k, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return access{}, err
	}
	return access{Token: rand.Text(), Cert: cert, Key: k}, nil
}

func (a access) server() (*tls.Config, error) {
	key, err := x509.ParseECPrivateKey(a.Key)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, Certificates: []tls.Certificate{{Certificate: [][]byte{a.Cert}, PrivateKey: key}}}, nil
}

func (a access) client() (*tls.Config, error) {
	c, err := x509.ParseCertificate(a.Cert)
	if err != nil {
		return nil, err
	}
	roots := x509.NewCertPool()
	roots.AddCert(c)
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, ServerName: "127.0.0.1"}, nil
}
