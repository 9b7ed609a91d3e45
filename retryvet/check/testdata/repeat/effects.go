package repeat

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/callagain/retry"
)

// Reported.

func appends(ctx context.Context, names []string) ([]string, error) {
	var all []string
	err := retry.Do(ctx, p, func(ctx context.Context) error {
		for range names {
			s, err := fetch(ctx)
			if err != nil {
				return err
			}
			all = append(all, s) // want `an attempt that fails after this leaves what it has appended to all, and the next attempt appends it again; append to a slice of the attempt's own`
		}
		return nil
	})
	return all, err
}

func appendsInLoop(ctx context.Context) ([]string, error) {
	var all []string
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		s, _ := row()
		all = append(all, s) // want `leaves what it has appended to all`
		_, err := fetch(ctx)
		loop.Done(err)
	}
	return all, loop.Err()
}

func copies(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		resp, err := http.Get("http://127.0.0.1/")
		if err != nil {
			return err
		}
		_, err = io.Copy(w, resp.Body) // want `an attempt that fails after this has already written to w, and the next attempt writes again; write when the call has succeeded`
		return err
	})
}

func encodes(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		return json.NewEncoder(w).Encode(1) // want `already written to w`
	})
}

func writesHeader(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		_, err := fetch(ctx)
		if err != nil {
			w.WriteHeader(502) // want `already written to w`
			return err
		}
		return nil
	})
}

// Not reported.

func appendsAtTheEnd(ctx context.Context) ([]string, error) {
	var all []string
	err := retry.Do(ctx, p, func(ctx context.Context) error {
		s, err := fetch(ctx)
		if err != nil {
			return err
		}
		all = append(all, s)
		return nil
	})
	err2 := retry.Do(ctx, p, func(ctx context.Context) error {
		s, err := fetch(ctx)
		if err == nil {
			all = append(all, s)
		}
		return err
	})
	var loop retry.Loop
	for ctx := range loop.Attempts(ctx, p) {
		s, err := fetch(ctx)
		if loop.Done(err) {
			all = append(all, s)
			return all, nil
		}
	}
	_, _ = err2, loop.Err()
	return all, err
}

func startsAnew(ctx context.Context, names []string) (all []string, err error) {
	err = retry.Do(ctx, p, func(ctx context.Context) error {
		all = nil
		for range names {
			s, err := fetch(ctx)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}

func records(ctx context.Context) (errs []error) {
	var delays []time.Duration
	var attempts []int
	_ = retry.Do(ctx, p, func(ctx context.Context) error {
		_, err := fetch(ctx)
		errs = append(errs, err)
		delays = append(delays, retry.Delay(ctx))
		attempts = append(attempts, retry.Attempt(ctx))
		_, err = fetch(ctx)
		return err
	})
	return errs
}

func writesAtTheEnd(w http.ResponseWriter, r *http.Request) {
	_ = retry.Do(r.Context(), p, func(ctx context.Context) error {
		w.Header().Set("X", "y")
		s, err := fetch(ctx)
		if s == "gone" {
			http.Error(w, "gone", 410)
			return retry.Stop(err)
		}
		if err != nil {
			return err
		}
		fmt.Fprint(w, s)
		return nil
	})
}
