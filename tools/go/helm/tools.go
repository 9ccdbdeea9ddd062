//go:build tools

// Package tools names the program that is built from another module, so that go.mod keeps its version.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
