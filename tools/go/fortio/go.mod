module ballast/tools/go/fortio

go 1.26.8

require fortio.org/fortio v1.63.10

require (
	fortio.org/cli v1.5.2 // indirect
	fortio.org/dflag v1.7.2 // indirect
	fortio.org/log v1.12.2 // indirect
	fortio.org/scli v1.14.3 // indirect
	fortio.org/sets v1.1.1 // indirect
	fortio.org/struct2env v0.4.0 // indirect
	fortio.org/version v1.0.4 // indirect
	github.com/fsnotify/fsnotify v1.7.0 // indirect
	github.com/google/uuid v1.6.0 // indirect
	golang.org/x/exp v0.0.0-20240604190554-fc45aab8b7f8 // indirect
	golang.org/x/net v0.26.0 // indirect
	golang.org/x/sys v0.21.0 // indirect
	golang.org/x/text v0.16.0 // indirect
)
