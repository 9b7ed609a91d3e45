package retrynats

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/callagain/retry"
	"github.com/nats-io/nats.go"
)

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	for what, s := range map[string]Settings{
		"neither":        {},
		"both":           {Dir: "a", URL: "b"},
		"negative":       {Dir: "a", AtOnce: -1},
		"a short lease":  {Dir: "a", Lease: time.Millisecond},
		"a short keep":   {Dir: "a", KeepResults: time.Millisecond},
		"replicas":       {Dir: "a", Replicas: 3},
		"crashes":        {Dir: "a", Crashes: retry.Policy{Attempts: -2}},
		"crashes budget": {Dir: "a", Crashes: retry.Policy{Attempts: 2, Budget: &retry.Budget{}}},
	} {
		if e, err := Open(t.Context(), s); err == nil {
			e.Close(t.Context())
			t.Errorf("%s: accepted", what)
		}
	}
	if _, err := os.Stat("a"); err == nil {
		t.Error("a directory was made all the same")
	}
}

func TestADirectoryThatCannotBeUsedSaysWhy(t *testing.T) {
	d := t.TempDir()
	file := filepath.Join(d, "file")
	os.WriteFile(file, nil, 0o600)
	foreign := filepath.Join(d, "foreign")
	os.MkdirAll(filepath.Join(foreign, "photos"), 0o700)
	loose := filepath.Join(d, "loose")
	os.Mkdir(loose, 0o700)
	os.Chmod(loose, 0o777)
	for dir, want := range map[string]string{file: "file", foreign: "photos", loose: "chmod", filepath.Join(file, "below"): "directory"} {
		_, err := Open(t.Context(), Settings{Dir: dir})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), dir) {
			t.Errorf("%s: %v", dir, err)
		}
	}
	es, _ := os.ReadDir(foreign)
	if len(es) != 1 {
		t.Error("something was written into a directory of somebody else")
	}
}

// As root nothing is refused, so it is tried as another user.
func TestADirectoryOfAnotherUserSaysWhy(t *testing.T) {
	if os.Getuid() != 0 {
		t.Fatal("this test must run as root")
	}
	d := t.TempDir()
	os.Chmod(filepath.Dir(d), 0o755)
	os.Chmod(d, 0o755)
	bin := filepath.Join(d, "test")
	b, err := os.ReadFile(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	os.WriteFile(bin, b, 0o755)
	calls := filepath.Join(d, "calls")
	shutDown(open(t, Settings{Dir: calls}))
	for dir, want := range map[string]string{calls: "user", filepath.Join(d, "new"): "permission denied"} {
		c := exec.Command(bin)
		c.Dir = "/"
		c.Env = append(os.Environ(), "RETRYNATS_WORKER="+dir)
		c.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
		out, err := c.CombinedOutput()
		if err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v\n%s", dir, err, out)
		}
	}
}

func TestAServerThatCannotBeUsedSaysWhy(t *testing.T) {
	if _, err := Open(t.Context(), Settings{URL: "nats://127.0.0.1:1"}); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("nobody listens: %v", err)
	}
	_, url := serve(t, "-")
	if _, err := Open(t.Context(), Settings{URL: url}); err == nil || !strings.Contains(err.Error(), "-js") {
		t.Errorf("no JetStream: %v", err)
	}
}

func TestAServerThatForbidsOrHasNoRoomSaysWhatIsNeeded(t *testing.T) {
	user := func(permissions string) string {
		return "}\nauthorization: {users: [{user: a, password: b, permissions: {" + permissions + "}}]"
	}
	for what, c := range map[string]struct{ extra, want string }{
		"no API":                  {user(`publish: ["retry.>"], subscribe: [">"]`), "$JS.API.>"},
		"no answers":              {user(`publish: [">"], subscribe: ["retry.>"]`), "_INBOX.>"},
		"no subjects to write to": {user(`publish: ["$JS.>"], subscribe: [">"]`), "retry.>"},
		"none to hear of":         {user(`publish: [">"], subscribe: ["_INBOX.>"]`), "retry.>"},
		"no room":                 {"max_file_store: 1000", "max_file_store"},
	} {
		_, url := serve(t, c.extra)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		_, err := Open(ctx, Settings{URL: url, MaxBytes: 1 << 20, Options: []nats.Option{nats.UserInfo("a", "b")}})
		if err == nil || ctx.Err() != nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", what, err)
		}
		cancel()
	}
}

func TestADirectoryThatWasDamagedSaysWhatToDo(t *testing.T) {
	d := filepath.Join(t.TempDir(), "calls")
	shutDown(open(t, Settings{Dir: d}))
	access := filepath.Join(d, "access.json")
	for _, damage := range []string{"", "{}", "null", `{"port":99999}`} {
		os.WriteFile(access, []byte(damage), 0o600)
		if _, err := Open(t.Context(), Settings{Dir: d}); err == nil || !strings.Contains(err.Error(), access) || !strings.Contains(err.Error(), "delete it") {
			t.Errorf("access.json is %q: %v", damage, err)
		}
	}
	os.Remove(access)
	os.Rename(filepath.Join(d, "jetstream"), filepath.Join(d, "away"))
	os.WriteFile(filepath.Join(d, "jetstream"), nil, 0o600)
	// At once: the server has given up, and nobody waits for it to listen.
	if _, err := Open(t.Context(), Settings{Dir: d}); err == nil || !strings.Contains(err.Error(), "not a directory") || strings.Contains(err.Error(), "within") {
		t.Errorf("a file in the place of a directory: %v", err)
	}
	os.Remove(filepath.Join(d, "jetstream"))
	os.Rename(filepath.Join(d, "away"), filepath.Join(d, "jetstream"))
	open(t, Settings{Dir: d})
}

func TestAServerThatGoesAwayWhileOpeningIsAnErrorInTime(t *testing.T) {
	s, url := serve(t, "")
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	s.Signal(syscall.SIGSTOP)
	if _, err := Open(ctx, Settings{URL: url}); err == nil {
		t.Error("a server that doesn't answer was opened")
	}
	s.Signal(syscall.SIGCONT)
	e := open(t, Settings{URL: url})
	f := register(t, e, "test.f", fast(3), func(context.Context, int) (int, error) { return 1, nil })
	if v, err := start(t, f, "k", 1).Result(t.Context()); v != 1 || err != nil {
		t.Errorf("%d, %v", v, err)
	}
}

func TestRegisterRefusesWhatMakesNoSense(t *testing.T) {
	e := open(t, Settings{})
	f := func(context.Context, int) (int, error) { return 0, nil }
	register(t, e, "test.f", retry.Policy{}, f)
	for what, err := range map[string]error{
		"a name":           second(Register(e, "a b", retry.Policy{}, f)),
		"a policy":         second(Register(e, "test.g", retry.Policy{Attempts: -7}, f)),
		"registered twice": second(Register(e, "test.f", retry.Policy{}, f)),
		"none at once":     second(Register(e, "test.g", retry.Policy{}, f, AtOnce(0))),
		"fewer than none":  second(Register(e, "test.g", retry.Policy{}, f, AtOnce(2), AtOnce(-1))),
	} {
		if err == nil {
			t.Errorf("%s: accepted", what)
		}
	}
	register(t, e, "test.g", retry.Policy{}, f) // the name is still free
}

func second[T any](_ T, err error) error { return err }
