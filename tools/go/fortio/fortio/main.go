// Command fortio runs Fortio's HTTP load at a constant rate and prints the percentiles it saw, in milliseconds, as
// JSON: a second opinion on our own load generator. Built on Fortio's library, since its own command brings a server
// and gRPC along.
package main

import (
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"
	"strconv"

	"fortio.org/fortio/fhttp"
	"fortio.org/fortio/periodic"
)

func main() {
	url := flag.String("url", "", "URL to get")
	rate := flag.Float64("rate", 100, "requests per second")
	requests := flag.Int64("requests", 1000, "number of requests")
	connections := flag.Int("connections", 64, "connections")
	flag.Parse()

	percentiles := []float64{50, 75, 90, 95, 99, 99.9}
	options := fhttp.HTTPRunnerOptions{
		RunnerOptions: periodic.RunnerOptions{
			QPS:         *rate,
			NumThreads:  *connections,
			Exactly:     *requests,
			Percentiles: percentiles,
			Resolution:  0.0001,
			Uniform:     true,
			Out:         io.Discard,
		},
		HTTPOptions: fhttp.HTTPOptions{URL: *url},
	}
	result, err := fhttp.RunHTTPTest(&options)
	if err != nil {
		log.Fatal(err)
	}
	figures := map[string]float64{}
	for _, percentile := range result.DurationHistogram.Percentiles {
		figures["p"+strconv.FormatFloat(percentile.Percentile, 'f', -1, 64)] = percentile.Value * 1000
	}
	report := map[string]any{"latencyMs": figures, "requests": result.DurationHistogram.Count, "statuses": result.RetCodes}
	if err := json.NewEncoder(os.Stdout).Encode(report); err != nil {
		log.Fatal(err)
	}
}
