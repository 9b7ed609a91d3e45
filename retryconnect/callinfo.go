package retryconnect

import (
	"context"
	"errors"
	"net/http"
	"reflect"
	"sync"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/known/durationpb"
)

// callInfoKey returns what connect-go finds the info of [connect.NewClientContext] by in a context. It has no name outside of connect-go; but
// a client asks for it before anything else.
var callInfoKey = sync.OnceValue(func() any {
	ctx := &catcher{Context: context.Background()}
	connect.NewClient[durationpb.Duration, durationpb.Duration](nobody{}, "http://nobody/x.Y/Z").CallUnary(ctx, connect.NewRequest(new(durationpb.Duration)))
	return ctx.key
})

// A catcher is a context that keeps the first key of connect-go's that it is asked for.
type catcher struct {
	context.Context
	once sync.Once
	key  any
}

func (c *catcher) Value(key any) any {
	if reflect.TypeOf(key).PkgPath() == reflect.TypeFor[connect.Error]().PkgPath() {
		c.once.Do(func() { c.key = key })
	}
	return nil
}

// nobody is a client without a network.
type nobody struct{}

func (nobody) Do(*http.Request) (*http.Response, error) { return nil, errors.New("nobody there") }
