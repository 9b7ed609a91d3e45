// Package retrysim shows what a [retry.Policy] does to a server before it is deployed. It runs the policy for many clients that
// call one server, in virtual time: a million clients in an outage take a minute.
//
// The decisions are made by [retry.Policy.Next] itself, so that what is simulated is what runs. A simulation with the
// same scenario and seed gives the same result on every machine, to the last digit.
//
//	result, err := retrysim.Run(ctx, retrysim.Scenario{
//		Policy:   policy,
//		Clients:  1000,
//		Arrivals: retrysim.Poisson(1),
//		Server:   retrysim.Server{Workers: 12, Service: retrysim.Fixed(10 * time.Millisecond)},
//		Faults:   []retrysim.Fault{{From: 20 * time.Second, To: 22 * time.Second, Fail: 1}},
//		For:      2 * time.Minute,
//	})
//
// [Check] does the same in a test. The models that the simulation was validated with, and what it can't show, are described in
// docs/simulation.md.
package retrysim
