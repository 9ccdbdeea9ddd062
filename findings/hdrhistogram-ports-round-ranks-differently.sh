#!/usr/bin/env bash
# hdr-histogram-js 3.0.1 (npm), hdrhistogram 0.10.8 (PyPI), github.com/HdrHistogram/hdrhistogram-go 1.2.0.
#
# One guesses: ports of one histogram with the same settings give the same percentile of the same values.
# What happens: for the values 1 to 160 the 99th percentile is 159 in JavaScript, 158 in Python and Go. JavaScript
# (like Java) takes the first value that at least 99 % of the values do not exceed (rank 158.4, rounded up); Python
# and Go (like C, and so wrk2) round the rank to the nearest. The 0th percentile is 1 in JavaScript and Python, and
# 0 in Go.
# Why it matters: tail latencies of short runs measured by tools in two languages differ by a whole sample, in one
# direction. Compare balancers with one tool, or with enough samples that one rank does not show.
source "$(dirname "$0")/lib/setup.sh"
node_packages hdr-histogram-js@3.0.1
python_packages hdrhistogram==0.10.8

node_program >"$FINDING_TMP/javascript" <<'JS'
import { build } from 'hdr-histogram-js';
const histogram = build({ lowestDiscernibleValue: 1, highestTrackableValue: 3_600_000_000, numberOfSignificantValueDigits: 3 });
for (let value = 1; value <= 160; value++) histogram.recordValue(value);
console.log([99, 50, 0].map((percentile) => histogram.getValueAtPercentile(percentile)).join(' '));
JS
python_program >"$FINDING_TMP/python.txt" <<'PY'
from hdrh.histogram import HdrHistogram
histogram = HdrHistogram(1, 3_600_000_000, 3)
for value in range(1, 161):
    histogram.record_value(value)
print(*(histogram.get_value_at_percentile(percentile) for percentile in (99, 50, 0)))
PY
go_program github.com/HdrHistogram/hdrhistogram-go v1.2.0 >"$FINDING_TMP/go.txt" <<'GO'
package main

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

func main() {
	histogram := hdrhistogram.New(1, 3_600_000_000, 3)
	for value := int64(1); value <= 160; value++ {
		histogram.RecordValue(value)
	}
	fmt.Println(histogram.ValueAtQuantile(99), histogram.ValueAtQuantile(50), histogram.ValueAtQuantile(0))
}
GO

python_program <<'PY'
import os
from expect import expect
seen = {name: open(f'{os.environ["FINDING_TMP"]}/{file}').read().split() for name, file in
        {'JavaScript': 'javascript', 'Python': 'python.txt', 'Go': 'go.txt'}.items()}
for name, values in seen.items():
    print(f'{name}: p99 {values[0]}, p50 {values[1]}, p0 {values[2]}')
expect([values[0] for values in seen.values()] == ['159', '158', '158'], 'p99 of 1 to 160 is 159 in JavaScript, 158 in Python and Go')
expect([values[2] for values in seen.values()] == ['1', '1', '0'], 'p0 is 0 in Go only')
PY
