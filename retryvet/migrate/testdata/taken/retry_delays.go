package taken

// What an earlier run has added.
func fibonacciDelays() {}
