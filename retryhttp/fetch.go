package retryhttp

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"github.com/callagain/retry"
)

// Fetch sends req with client and decodes the answer, as one attempt: if the connection breaks
// in the middle of the body, the request is made again. What decode returns is the result; it
// need not read the body to its end, nor close it, and must not keep it. It isn't called for a
// status of 400 or above: that fails with a [*StatusError].
//
// Fetch does as the client's Transport says, if that is a [*Transport], which then leaves the
// retrying to Fetch, and as the zero one otherwise. The policy's limits of time include reading
// the body; the client's Timeout is for each attempt. A client that is nil is
// [http.DefaultClient]. The request isn't changed.
//
// An error from decode is a failure like any other, worth another attempt unless it's marked by
// [retry.Stop] or the policy's test says otherwise. It ends in an [*retry.Error], or in the
// failure itself if that isn't worth another attempt. A URL in it has no query and no user
// info.
func Fetch[T any](client *http.Client, req *http.Request, decode func(*http.Response) (T, error)) (T, error) {
	var none T
	f, p, err := newFetch(client, req)
	if err != nil {
		return none, err
	}
	defer f.abandon()
	v, err := retry.Get(f, p, func(ctx context.Context) (T, error) {
		resp, err := f.fetch(ctx)
		if err != nil {
			return none, err
		}
		defer closeAfter(resp.Body, 0)
		v, err := decode(resp)
		if err != nil {
			err = f.fail(err, false)
		}
		return v, err
	})
	return v, f.unmarked(err)
}

// JSON decodes the body of an answer, for [Fetch]. What isn't JSON for a T won't be so at
// another attempt, and is marked [retry.Stop]; what ends too early may be.
func JSON[T any](resp *http.Response) (T, error) {
	var v T
	err := json.NewDecoder(resp.Body).Decode(&v)
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, mismatch := errors.AsType[*json.UnmarshalTypeError](err)
	if syntax || mismatch || err == io.EOF && resp.ContentLength == 0 {
		err = retry.Stop(err)
	}
	return v, err
}

// fallback has the budgets for the fetches of clients without a Transport.
var fallback Transport

type fetch struct {
	*call
	client     *http.Client
	redirected bool
}

func newFetch(client *http.Client, req *http.Request) (*fetch, retry.Policy, error) {
	if client == nil {
		client = http.DefaultClient
	}
	t, ok := client.Transport.(*Transport)
	if !ok {
		t = &fallback
	}
	o := optionsOf(req.Context())
	c, err := t.newCall(req, o)
	if err != nil {
		return nil, retry.Policy{}, err
	}
	c.copies = true // a client adds cookies to the request
	p := t.policy(req, o)
	c.adopt(&p)
	o.governed = true
	c.Context = context.WithValue(c.Context, optionsKey{}, o)

	f := &fetch{call: c}
	own := *client
	own.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		f.redirected = true
		if client.CheckRedirect != nil {
			return client.CheckRedirect(req, via)
		}
		if len(via) >= 10 {
			return errors.New("stopped after 10 redirects") // as net/http does
		}
		return nil
	}
	f.client = &own
	return f, p, nil
}

// fetch makes one attempt up to the headers of a good answer.
func (f *fetch) fetch(ctx context.Context) (*http.Response, error) {
	req, err := f.request(f.prove(ctx))
	if err != nil {
		return nil, err
	}
	f.redirected = false
	resp, err := f.client.Do(req)
	if err != nil {
		// Whoever sent a redirect has seen the request.
		return nil, f.fail(clean(err), !f.redirected && f.unsent(err))
	}
	if resp.StatusCode < 400 {
		return resp, nil
	}
	e := newStatusError(resp.Request, resp)
	e.Body = closeAfter(resp.Body, pieceSize)
	return nil, f.fail(e.marked(f.left()), false)
}

// clean takes what may be secret out of the URL in a client's error.
func clean(err error) error {
	e, ok := err.(*url.Error)
	if !ok {
		return err
	}
	u, bad := url.Parse(e.URL)
	if bad != nil {
		return e.Err
	}
	u.User, u.RawQuery, u.ForceQuery, u.Fragment = nil, "", false, ""
	return &url.Error{Op: e.Op, URL: u.String(), Err: e.Err}
}
