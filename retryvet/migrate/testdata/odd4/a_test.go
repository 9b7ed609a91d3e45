package odd4

import (
	"context"
	"io"
	"testing"
	"time"

	"migratetest/timeline"
)

func TestTimelines(t *testing.T) {
	ctx := context.Background()
	for name, row := range map[string]struct {
		call func(f func() error) error
		errs int
		want []float64
	}{
		"aliased":          {func(f func() error) error { return Aliased(ctx, f) }, 9, []float64{0, 1, 3}},
		"shadowed package": {func(f func() error) error { return ShadowedPackage("ab", f) }, 9, []float64{0, 1, 2}},
		"shadowed value":   {func(f func() error) error { return ShadowedValue(time.Second, f) }, 9, []float64{0, 1, 2}},
		"shadowed type":    {func(f func() error) error { return ShadowedType(func() (time.Duration, error) { return 0, f() }) }, 1, []float64{0, 0}},
		"maybe":            {new(engine).Maybe, 9, []float64{0, 1, 2}},
		"changed field":    {func(f func() error) error { return ChangedField(&config{time.Second}, f) }, 9, []float64{0, 1, 2}},
		"changed in loop":  {ChangedInLoop, 9, []float64{0, 1, 1, 2}},
		"changed closure":  {ChangedBeforeClosure, 9, []float64{0, 1}},
		"changed address":  {ChangedByAddress, 9, []float64{0, 1}},
		"late":             {Late, 9, []float64{0, 1}},
		"reset inside":     {ResetInside, 9, []float64{0, 1, 2.5, 3.5, 5}},
		"reset before":     {ResetBefore, 99, []float64{0, 1, 2, 2, 3, 4}},
		"typed constant":   {TypedConstant, 9, []float64{0, 1, 2}},
		"huge":             {Huge, 5, []float64{0, 1, 2, 3, 4, 5}},
		"converted":        {func(f func() error) error { return Converted(-1, f) }, 5, []float64{0, 1, 2, 3, 4, 5}},
		"converted 2":      {func(f func() error) error { return Converted(2, f) }, 5, []float64{0, 1, 2}},
		"twice":            {Twice, 9, []float64{0, 1}},
		"zero":             {func(f func() error) error { return Zero(0, time.Second, f) }, 9, []float64{0, 0, 0, 0}},
		"zero most":        {func(f func() error) error { return Zero(time.Second, 0, f) }, 9, []float64{0, 1, 1, 1}},
		"above":            {Above, 9, []float64{0, 10, 14}},
		"literal":          {Literal, 9, []float64{0, 1, 2}},
		"spread":           {Spread, 9, []float64{0, 1, 2}},
		"wrapped":          {Wrapped, 9, []float64{0}},
		"outside":          {Outside, 9, []float64{0, 1, 2}},
		"method value":     {MethodValue, 9, []float64{0, 1, 2}},
		"generic":          {func(f func() error) error { _, err := Generic(func() (int, error) { return 0, f() }); return err }, 9, []float64{0, 1, 2}},
		"operation":        {Operation, 9, []float64{0, 1, 2}},
		"literals":         {Literals, 9, []float64{0, 1, 2}},
		"nested":           {Nested, 9, []float64{0, 1}},
		"deferred":         {Deferred, 9, []float64{0, 1}},
		"select":           {func(f func() error) error { return Select(ctx, f) }, 9, []float64{0, 1}},
		"unused":           {Unused, 9, []float64{0}},
		"comments":         {Comments, 9, []float64{0, 1, 2}},
		"dialed":           {Dialed, 9, []float64{0, 1, 2}},
		"indexed":          {Indexed, 9, []float64{0, 1, 2}},
		"changed function": {ChangedFunction, 9, []float64{0, 1, 2}},
		"notify sets":      {NotifySets, 9, []float64{0, 1, 2}},
		"marked":           {Marked, 9, []float64{0}},
		"looked up":        {func(f func() error) error { return LookedUp(map[string]func() error{"f": f}) }, 9, []float64{0, 1, 2}},
		"pointed":          {Pointed, 9, []float64{0, 1, 2}},
		"notify names":     {NotifyNames, 9, []float64{0, 1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			at, _ := timeline.Of(t, row.call, timeline.Errs(row.errs, io.EOF)...)
			timeline.Want(t, at, row.want...)
		})
	}
}

// Hooks are told of each retry.
func TestHooks(t *testing.T) {
	e := new(engine)
	timeline.Of(t, e.Do, timeline.Errs(9, io.EOF)...)
	if len(e.errs) != 2 || len(e.delays) != 2 || e.delays[1] != time.Second {
		t.Errorf("the hook was told %v, %v", e.errs, e.delays)
	}
	timeline.Of(t, e.Method, timeline.Errs(9, io.EOF)...)
	var to []error
	timeline.Of(t, func(f func() error) error { return Named(f, &to) }, timeline.Errs(9, io.EOF)...)
	if len(e.errs) != 4 || len(to) != 2 || to[0] != io.EOF {
		t.Errorf("the hooks were told %v, %v", e.errs, to)
	}
}

// What is made by a call is made once, and not in each attempt.
func TestMadeOnce(t *testing.T) {
	dialed, made = 0, 0
	var to []error
	timeline.Of(t, Dialed, timeline.Errs(9, io.EOF)...)
	timeline.Of(t, func(f func() error) error { return NotifyMade(f, &to) }, timeline.Errs(9, io.EOF)...)
	if dialed != 1 || made != 1 || len(to) != 2 {
		t.Errorf("%d dialed, %d hooks made, which were told %v", dialed, made, to)
	}
	timeline.Of(t, func(f func() error) error { return NotifyLiteral(f, &to) }, timeline.Errs(9, io.EOF)...)
	if len(to) != 4 {
		t.Errorf("the hooks were told %v", to)
	}
}
