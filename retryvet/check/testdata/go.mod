module vettest

go 1.26.0

require github.com/callagain/retry v0.0.0

replace github.com/callagain/retry => ../../..
