package retry

// keep is how many failures a call remembers, however many there are.
const keep = 8

// failures are a call's first failure and its latest ones. One failure, which is what
// most waiting calls have had, takes no room of its own.
type failures struct {
	first error
	rest  *latest
}

type latest struct {
	n    int
	errs [keep - 1]error
}

func (f *failures) add(err error) {
	if f.first == nil {
		f.first = err
		return
	}
	if f.rest == nil {
		f.rest = new(latest)
	}
	r := f.rest
	if r.n == len(r.errs) {
		copy(r.errs[:], r.errs[1:])
		r.n--
	}
	r.errs[r.n] = err
	r.n++
}

// last is the latest failure.
func (f *failures) last() error {
	if f.rest == nil || f.rest.n == 0 {
		return f.first
	}
	return f.rest.errs[f.rest.n-1]
}

// all is a copy of them, in order.
func (f *failures) all() []error {
	if f.first == nil {
		return nil
	}
	if f.rest == nil {
		return []error{f.first}
	}
	all := make([]error, 1+f.rest.n)
	all[0] = f.first
	copy(all[1:], f.rest.errs[:])
	return all
}

// forget makes f empty, and keeps its room.
func (f *failures) forget() {
	f.first = nil
	if f.rest != nil {
		for ; f.rest.n > 0; f.rest.n-- {
			f.rest.errs[f.rest.n-1] = nil
		}
	}
}
