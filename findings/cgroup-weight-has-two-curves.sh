#!/usr/bin/env bash
# github.com/opencontainers/cgroups 0.0.1 and 0.0.7 (Go): what runc and kubelet turn CPU shares into on cgroup v2.
#
# One guesses: the same CPU request gives the same cpu.weight on every node with cgroup v2.
# What happens: the conversion changed. 1024 shares (one core) were cpu.weight 39, and are 100; 102 shares (a tenth
# of a core) were 4, and are 17. The old line is straight, the new curve is not: ten times the request is 9.8 times
# the weight by the old one and 5.9 times by the new one.
# Why it matters: nodes of one cluster differ by the version of their runtime, and on one node a group that was
# written by a tool with the other curve beats or loses to its neighbours by a factor of 2.5. Who grants CPU by
# cpu.weight must read the weight of a group whose request is known first.
source "$(dirname "$0")/lib/setup.sh"

cat >"$FINDING_TMP/main.go" <<'GO'
package main

import (
	"fmt"

	"github.com/opencontainers/cgroups"
)

func main() {
	for _, shares := range []uint64{2, 102, 512, 1024, 2048, 262144} {
		fmt.Printf("%d=%d ", shares, cgroups.ConvertCPUSharesToCgroupV2Value(shares))
	}
}
GO
for version in v0.0.1 v0.0.7; do
  weights=$(go_program github.com/opencontainers/cgroups "$version" <"$FINDING_TMP/main.go")
  echo "$version: $weights"
  case "$version $weights" in
  'v0.0.1 2=1 102=4 512=20 1024=39 2048=79 262144=10000 ' | 'v0.0.1 2=1 102=4 512=20 1024=39 2048=79 262144=10000') ;;
  'v0.0.7 2=1 102=17 512=59 1024=100 2048=174 262144=10000 ' | 'v0.0.7 2=1 102=17 512=59 1024=100 2048=174 262144=10000') ;;
  *)
    echo "The behaviour changed. It was: 1024 shares are weight 39 with v0.0.1 and 100 with v0.0.7" >&2
    exit 1
    ;;
  esac
done
echo 'As described: 1024 shares are weight 39 with v0.0.1 and 100 with v0.0.7'
