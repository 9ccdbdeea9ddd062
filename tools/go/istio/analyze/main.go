// Does what `istioctl analyze --use-kube=false --recursive` does with the objects on its standard input, one message a
// line, without all the other commands of istioctl. Objects that are usually only in a cluster (pods, namespaces) count.
package main

import (
	"fmt"
	"os"

	"istio.io/istio/pkg/config/analysis/analyzers"
	"istio.io/istio/pkg/config/analysis/local"
	"istio.io/istio/pkg/config/resource"
	"istio.io/istio/pkg/log"
)

func main() {
	options := log.DefaultOptions()
	options.SetDefaultOutputLevel(log.OverrideScopeName, log.ErrorLevel)
	_ = log.Configure(options)
	messages, err := analyze()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	for _, message := range messages {
		fmt.Println(message)
	}
}

func analyze() ([]string, error) {
	analyzer := local.NewIstiodAnalyzer(analyzers.AllCombined(), "", resource.Namespace("istio-system"), nil)
	if err := analyzer.AddDefaultResources(); err != nil {
		return nil, err
	}
	source := local.ReaderSource{Name: "stdin", Reader: os.Stdin}
	if err := analyzer.AddTestReaderKubeSource([]local.ReaderSource{source}); err != nil {
		return nil, err
	}
	cancel := make(chan struct{})
	defer close(cancel)
	result, err := analyzer.Analyze(cancel)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, message := range result.Messages {
		lines = append(lines, message.String())
	}
	return lines, nil
}
