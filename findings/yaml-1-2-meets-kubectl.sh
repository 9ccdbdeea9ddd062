#!/usr/bin/env bash
# yaml 2.9.1 (npm) writes, sigs.k8s.io/yaml 1.6.0 (Go; kubectl, Helm and the API machinery read with it) reads.
#
# One guesses: a library that quotes strings where they need it writes YAML that others read back as the same
# strings.
# What happens: npm's yaml writes for YAML 1.2, where `on`, `y`, `off`, `0b101` and `1_000` are plain strings, and
# leaves them unquoted. Go's reader knows YAML 1.1, too: it reads true, true, false, 5 and 1000. All are legal label
# values or names, so a manifest with such a one is refused ("cannot unmarshal number into Go value of type string")
# or, as a custom resource's free field, changed in silence. The option version: '1.1' quotes them all.
# Why it matters: manifests that a tool renders for `kubectl apply` break for a namespace called `on` and for a
# label such as a build number 0b101.
source "$(dirname "$0")/lib/setup.sh"
node_packages yaml@2.9.1

node_program <<'JS'
import { writeFileSync } from 'node:fs';
import { stringify } from 'yaml';
const names = ['on', 'y', 'off', '0b101', '1_000', 'shop', '017', '1e3', 'true'];
writeFileSync('default.yaml', stringify(names));
writeFileSync('version-1-1.yaml', stringify(names, { version: '1.1' }));
JS
cat "$FINDING_TMP/default.yaml" | tr '\n' ' '
echo

export FOLDER="$FINDING_TMP"
go_program sigs.k8s.io/yaml v1.6.0 <<'GO'
package main

import (
	"fmt"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

func notStrings(file string) string {
	text, err := os.ReadFile(os.Getenv("FOLDER") + "/" + file)
	if err != nil {
		panic(err)
	}
	var names []any
	if err := yaml.Unmarshal(text, &names); err != nil {
		panic(err)
	}
	var others []string
	for _, name := range names {
		if _, ok := name.(string); !ok {
			others = append(others, fmt.Sprint(name))
		}
	}
	return strings.Join(others, " ")
}

func main() {
	written, compatible := notStrings("default.yaml"), notStrings("version-1-1.yaml")
	fmt.Printf("read as something else than strings: %q; written for version 1.1: %q\n", written, compatible)
	if written != "true true false 5 1000" || compatible != "" {
		fmt.Println("The behaviour changed. It was: five of nine strings are read as booleans and numbers, none when written for YAML 1.1")
		os.Exit(1)
	}
	fmt.Println("As described: five of nine strings are read as booleans and numbers, none when written for YAML 1.1")
}
GO
