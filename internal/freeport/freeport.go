// Package freeport finds ports for servers that tests start in processes of their own, which have to be told one.
package freeport

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
)

const lowest = 10_000 // below are those of well-known services

// Find returns n different TCP ports of 127.0.0.1 on which nobody listens. They aren't among those that the system hands out to
// whoever asks for any port, or connects to somebody: one of these may be taken before the server listens, or while it is
// started again.
func Find(n int) ([]int, error) {
	var ports []int
	span := firstOfAny() - lowest
	for tries := 0; len(ports) < n; tries++ {
		port := 0 // any, where there is no room below
		if span >= 1000 && tries < 1000 {
			port = lowest + rand.IntN(span)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil && port > 0 {
			continue // it is taken
		}
		if err != nil {
			return nil, err
		}
		defer l.Close() // when all are found, so that they differ
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}

// firstOfAny returns the first of the ports that the system hands out.
func firstOfAny() int {
	var first int
	if b, err := os.ReadFile("/proc/sys/net/ipv4/ip_local_port_range"); err == nil {
		fmt.Sscan(string(b), &first)
		return first
	}
	return 32768
}
