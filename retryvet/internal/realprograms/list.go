package main

// A program is a module as the module proxy has it, and what is known of it.
type program struct {
	module, version string
	packages        []string // to rewrite
	tests           []string // what go test gets; the packages if this is nil
	untested        bool     // whether its tests can't be run in reasonable time
	env             []string
	want            counts
	reports         int // of retryvet, after the change
}

type counts struct{ rewritten, explained, left int }

// programs are those of docs/migrating.md.
var programs = []program{
	{
		module: "github.com/go-acme/lego/v4", version: "v4.20.0",
		packages: []string{"./acme/api", "./challenge/resolver", "./providers/dns/dynu/...", "./providers/dns/internal/hostingde", "./providers/dns/constellix", "./providers/dns/liara"},
		env:      []string{"GODEBUG=rsa1024min=0"}, // go 1.26 in go.mod refuses the keys of 512 bits in its tests
		want:     counts{3, 6, 17}, reports: 1,
	},
	{
		module: "github.com/go-acme/lego/v5", version: "v5.6.0",
		packages: []string{"./acme/api", "./challenge/resolver", "./cmd/internal",
			"./providers/dns/allinkl/...", "./providers/dns/anexia/...", "./providers/dns/cloudns/...", "./providers/dns/constellix/...", "./providers/dns/dynu/...",
			"./providers/dns/f5xc/...", "./providers/dns/feno/...", "./providers/dns/hetzner/...", "./providers/dns/internal/hostingde/...", "./providers/dns/liara/...",
			"./providers/dns/nifcloud/...", "./providers/dns/octenium/...", "./providers/dns/variomedia/...", "./providers/dns/vinyldns/..."},
		want: counts{2, 15, 57}, reports: 2,
	},
	{
		module: "github.com/pressly/goose/v3", version: "v3.30.0",
		packages: []string{".", "./lock/...", "./pkg/dockermanage"},
		tests:    []string{"-skip=Binary|Live", "-run=Provider|Lock|Store", ".", "./lock/..."},
		want:     counts{0, 2, 20},
	},
	{
		module: "github.com/sigstore/rekor", version: "v1.3.6",
		packages: []string{"./pkg/client"},
		want:     counts{0, 1, 1},
	},
	{
		module: "github.com/openfga/openfga", version: "v1.22.1",
		packages: []string{"./internal/authn/oidc", "./pkg/storage/mysql", "./pkg/storage/postgres", "./pkg/storage/migrate"}, tests: []string{"./internal/authn/oidc"}, // the others need containers
		want: counts{0, 4, 0},
	},
	{
		module: "github.com/ory/x", version: "v0.0.707",
		packages: []string{"./jsonnetsecure", "./httpx"}, untested: true, // they build programs, for many minutes
		want: counts{2, 1, 28}, reports: 1,
	},
	{
		module: "github.com/aiven/go-client-codegen", version: "v0.237.0",
		packages: []string{"."},
		want:     counts{0, 0, 9},
	},
	{
		module: "github.com/ThreeDotsLabs/watermill", version: "v1.5.1",
		packages: []string{"./message/router/middleware"},
		want:     counts{0, 0, 19},
	},
}
