package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/callagain/retry/retrynats/internal/apart"
)

// power is a file system that loses what wasn't synced; see internal/lossy.
type power struct {
	dir string
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
	log io.Writer
}

// buildLossy builds internal/lossy.
func buildLossy(dir string) (string, error) {
	bin := filepath.Join(dir, "lossy")
	build := exec.Command("go", "build", "-o", bin, ".")
	build.Dir = "internal/lossy"
	if _, err := os.Stat(build.Dir); err != nil {
		return "", fmt.Errorf("-power must be run in the folder of the module retrynats: %w", err)
	}
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build internal/lossy: %w\n%s", err, out)
	}
	return bin, nil
}

// newPower mounts the file system.
func newPower(bin, dir string, w io.Writer) (*power, error) {
	p := &power{dir: dir, log: w}
	if err := os.Mkdir(p.dir, 0o700); err != nil {
		return nil, err
	}
	p.cmd = exec.Command(bin, p.dir)
	p.cmd.Stderr = os.Stderr
	apart.Bind(p.cmd)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.in, p.out = in, bufio.NewScanner(out)
	return p, p.wait()
}

func (p *power) wait() error {
	if !p.out.Scan() {
		return fmt.Errorf("internal/lossy has ended: %w", p.cmd.Wait())
	}
	fmt.Fprintf(p.log, "power of %s: %s\n", filepath.Base(p.dir), p.out.Text())
	return nil
}

// lose is a power loss. All processes that use the disk are dead.
func (p *power) lose() error {
	if _, err := io.WriteString(p.in, "lose\n"); err != nil {
		return err
	}
	return p.wait()
}

func (p *power) stop() {
	p.in.Close()
	p.cmd.Wait()
}
