package peers

import (
	"os"
	"testing"

	"github.com/callagain/retry/internal/sidebyside"
)

// The table "Beside the others" of docs/grpc.md.
//
//	go test -count=1 -v . | grep '^|'
var table = sidebyside.Table{
	Page:    "../../../docs/grpc.md",
	Columns: []string{"retrygrpc", "grpc-go's retryPolicy", "go-grpc-middleware", "failsafe-go", "plain"},
}

func TestMain(m *testing.M) { os.Exit(table.Main(m)) }
