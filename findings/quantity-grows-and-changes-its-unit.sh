#!/usr/bin/env bash
# k8s.io/apimachinery 0.36.0 (Go), resource.Quantity: how Kubernetes reads and returns CPU and memory.
#
# One guesses: a memory request of 1.1Gi comes back as 1.1Gi or in bytes, Value() of 100m is 0, and what is too
# large is an error.
# What happens: 1.1Gi comes back as 1181116006400m, thousandths of a byte. Value() and MilliValue() round up: 100m
# is 1, and 0.0001 cores are one millicore. 1e3 stays 1e3. MilliValue() of 1E is 0, without an error, since it does
# not fit.
# Why it matters: a client that takes the suffix m for CPU only, or memory for an integer with Ki, Mi or Gi, fails
# on objects that people write every day. Sums of rounded requests are too large by up to one unit for each
# container.
source "$(dirname "$0")/lib/setup.sh"

go_program k8s.io/apimachinery v0.36.0 <<'GO'
package main

import (
	"fmt"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
)

func main() {
	described := true
	for _, row := range []struct {
		written, returned string
		value, milli      int64
	}{
		{"1.1Gi", "1181116006400m", 1181116007, 1181116006400},
		{"1.5Gi", "1536Mi", 1610612736, 1610612736000},
		{"100m", "100m", 1, 100},
		{"0.0001", "100u", 1, 1},
		{"1e3", "1e3", 1000, 1000000},
		{"1E", "1E", 1000000000000000000, 0},
	} {
		quantity := resource.MustParse(row.written)
		fmt.Printf("%s: returned as %s, Value %d, MilliValue %d\n", row.written, quantity.String(), quantity.Value(), quantity.MilliValue())
		described = described && quantity.String() == row.returned && quantity.Value() == row.value && quantity.MilliValue() == row.milli
	}
	if !described {
		fmt.Println("The behaviour changed. It was: 1.1Gi is returned as 1181116006400m, values are rounded up, and 1E has the MilliValue 0")
		os.Exit(1)
	}
	fmt.Println("As described: 1.1Gi is returned as 1181116006400m, values are rounded up, and 1E has the MilliValue 0")
}
GO
