package main

import "context"

type command struct{ ours string }

var commands = []command{{"lab"}, {"retryvet"}}

func (c command) use(ctx context.Context, version string, from *fromProxy) error         { return nil }
func tidyForUsers(ctx context.Context, root string, ms []*module, from *fromProxy) error { return nil }
func binaries(ctx context.Context, version, dir, proxy string) error                     { return nil }
