// Lab shows in the browser what two retry policies do to a server. It serves one page on loopback:
//
//	go -C lab run .                       # from the root of the repository
//	go -C lab run . -addr 127.0.0.1:8080  # at this address
//	go -C lab run . -docs                 # draws the pictures of the documentation instead
//
// What is simulated is package retrysim, on the decisions of the policy itself.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"time"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "address to serve the page at; port 0 is any free one")
	open := flag.Bool("open", true, "open the page in a browser, if there is one")
	docs := flag.Bool("docs", false, "draw the pictures of the documentation and exit")
	flag.Parse()
	if err := run(*addr, *open, *docs); err != nil {
		fmt.Fprintln(os.Stderr, "lab:", err)
		os.Exit(1)
	}
}

func run(addr string, open, docs bool) error {
	if docs {
		return writePictures("../docs/pictures")
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return fmt.Errorf("serving the page at %s: %w; choose another address with -addr", addr, err)
	}
	url := "http://" + l.Addr().String() + "/"
	if !l.Addr().(*net.TCPAddr).IP.IsLoopback() {
		fmt.Fprintln(os.Stderr, "lab: everybody who reaches this address can make this machine compute; the page is meant for loopback")
	}
	fmt.Println(url)
	if open {
		go openBrowser(url)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	s := &http.Server{Handler: newLab(l.Addr().String()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 1 << 16,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	go func() {
		<-ctx.Done()
		s.Close()
	}()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// openBrowser does what the desktop does with a link. The address has been printed if there is none.
func openBrowser(url string) {
	name, args := "xdg-open", []string{url}
	switch runtime.GOOS {
	case "darwin":
		name = "open"
	case "windows":
		name, args = "rundll32", []string{"url.dll,FileProtocolHandler", url}
	default:
		if os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "" {
			return
		}
	}
	exec.Command(name, args...).Run()
}
