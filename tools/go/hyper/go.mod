// Each release that Ballast supports (tools/install/versions.ts) has a file of its own: `go build -modfile=1.34.mod`.
module ballast/tools/go/hyper
