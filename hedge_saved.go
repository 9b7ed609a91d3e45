package retry

// hedgesSaved are the hedges that successes have earned and that weren't made. A budget of hedges must be a small one: what it has saved up is spent at
// once when all attempts become slow, and if that is because of a queue, all of it is put into the queue.
type hedgesSaved struct {
	successes int // since hedges was worked out
	hedges    float64
	begun     bool
}

const (
	fewSaved  = 10  // hedges may always be saved up, and are there to begin with
	savedTime = 0.3 // seconds: what successes earn in that time may be saved up
)

// spend takes a hedge, if there is one. A success has earned the fraction ratio of one. Rate is the calls in a second.
func (s *hedgesSaved) spend(ratio, rate float64) bool {
	if !s.begun {
		s.begun, s.hedges = true, fewSaved
	}
	s.hedges = min(s.hedges+float64(ratio*float64(s.successes)), max(fewSaved, ratio*rate*savedTime))
	s.successes = 0
	if s.hedges < 1 {
		return false
	}
	s.hedges--
	return true
}

// worth returns how many hedges are given back when a call is over, of which one may have won and the others lost. To win is worth half of
// one. One that lost was load for nothing, and counts twice: when a queue is what makes attempts slow, most of them do.
func worth(won bool, lost int) float64 {
	back := -float64(lost)
	if won {
		back += 0.5
	}
	return back
}
