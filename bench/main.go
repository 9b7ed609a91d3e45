// Command bench compares this repository's library with the others, and prints the tables of docs/comparison.md,
// docs/promises.md and docs/hedging.md:
//
//	go -C bench run . costs [-runs 6] [file...]      what a call costs, measured now, or from files of benchmark output
//	go -C bench run . promises                       who keeps which promise
//	go -C bench run . write ../docs                  both, and the machine and versions, written into the documents
//	go -C bench run . write -runs 0 ../docs          the promises alone, written into the documents
//	go -C bench run . hedge [../docs/hedging.md]     what hedging does, written into the document if there is one
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	runs := flags.Int("runs", 6, "how often the costs are measured, in turns; with write, 0 leaves them as they are")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: bench costs [-runs n] [file...] | promises | write [-runs n] docs | hedge [file]")
		flags.PrintDefaults()
	}
	if len(args) == 0 {
		flags.Usage()
		os.Exit(2)
	}
	flags.Parse(args[1:])
	var out bytes.Buffer
	switch args[0] {
	case "costs":
		results, err := readResults(flags.Args(), *runs)
		if err != nil {
			return err
		}
		results.write(&out)
	case "promises":
		findings, err := runPromises()
		if err != nil {
			return err
		}
		writeMatrix(&out, findings)
		writeFindings(&out, findings)
	case "write":
		if flags.NArg() != 1 {
			return fmt.Errorf("write wants the folder of the documents, not %q", flags.Args())
		}
		return writeDocuments(flags.Arg(0), *runs)
	case "hedge":
		if flags.NArg() > 1 {
			return fmt.Errorf("hedge wants one file or none, not %q", flags.Args())
		}
		if flags.NArg() == 1 {
			return writeHedgingDocument(flags.Arg(0))
		}
		cells, err := runHedging()
		if err != nil {
			return err
		}
		writeHedging(&out, cells)
	default:
		flags.Usage()
		os.Exit(2)
	}
	_, err := out.WriteTo(os.Stdout)
	return err
}
