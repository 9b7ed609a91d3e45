package main

import "net/url"

// A Preset is a scenario that is ready to open.
type Preset struct{ Name, Text, Link string }

var presets = []Preset{
	preset("The plain default, and a budget", "Half a fleet has a budget, and the server is silent for ten seconds.", ""),
	preset("The herd", "A hundred clients write the same row, as in “Exponential Backoff And Jitter” (AWS Architecture Blog, 2015). A has full jitter, B has none.",
		"row=true&clients=100&arrivals=at once&network=10ms&fault=none&for=1m&a.attempts=-1&b.attempts=-1&a.initial=10ms&b.initial=10ms&a.max=2s&b.max=2s&b.jitter=none&a.budget=false&a.timeout=0s&b.timeout=0s"),
	preset("Token buckets", "A third of all requests fail, as in “Fixing retries with token buckets and circuit breakers” (Brooker, 2022). A has a budget, B makes four attempts.",
		"clients=100&rate=10&network=10ms&workers=0&service=0s&fault=errors&part=0.3&at=5s&lasts=15s&for=30s&a.kind=constant&b.kind=constant&a.initial=1ms&b.initial=1ms&a.timeout=0s&b.timeout=0s"),
	preset("The spike that collapses", "The calls double for five seconds, and the server is slower the more it has to do, as in “What is Backoff For?” (Brooker, 2022).",
		"clients=40&rate=1&network=100ms&workers=0&service=1s&crowding=10ms&fault=none&spike=2&at=20s&lasts=5s&for=80s&seed=2&a.attempts=3&b.attempts=3&b.kind=constant&b.initial=1ms&a.timeout=3s&b.timeout=3s"),
	preset("The metastable database", "A database stalls for ten seconds and works on for callers who have left, as in “Metastable Failures in Distributed Systems” (Bronson et al., 2021).",
		"clients=28&rate=10&arrivals=even&network=0s&workers=1&service=3333333ns&fault=stall&at=20s&lasts=10s&for=5m"),
	preset("A deploy that drops connections", "All connections are cut, and new ones are refused for a second. A has full jitter and a budget, B retries at a constant interval.",
		"fault=cut&lasts=1s&for=30s&network=50ms&b.kind=constant&b.initial=1s"),
	preset("One bad host of ten", "A tenth of the requests isn't answered. A hedges, B waits for its timeout.",
		"fault=silence&part=0.1&workers=24&at=5s&lasts=30s&for=50s&a.hedge=50ms&b.budget=true"),
	preset("Hedging under overload", "One request of twenty is slow, and from second 40 the calls double for ten seconds. Both hedge; A has the budget of hedges, B has none.",
		"clients=100&rate=5.2&network=1ms&workers=29&service=30ms&fault=none&spike=2&at=20s&lasts=10s&for=1m20s&a.hedge=60ms&b.hedge=60ms&b.hedgefree=true&a.attempts=1&b.attempts=1&a.timeout=2s&b.timeout=2s"),
}

func preset(name, text, query string) Preset {
	q, err := url.ParseQuery(query)
	if err == nil {
		s, errs := parse(q)
		if len(errs) == 0 {
			return Preset{name, text, "?" + link(s)}
		}
		query += "; " // a mistake above, which a test finds
	}
	return Preset{name, text, "?invalid=" + url.QueryEscape(query)}
}
