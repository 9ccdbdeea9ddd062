#!/usr/bin/env bash
# highs 1.15.3 (npm, HiGHS as WebAssembly), linear programs as text.
#
# One guesses: what the solver calls Optimal is the optimum of the program as written, in whatever units.
# What happens: coefficients of constraints up to 1e-9 are taken as 0, so a limit written in such units is no limit;
# and reduced costs up to 1e-7 count as none, so with costs of 1, 2, 3 and 4 times 1e-8 a choice of three times the
# least cost is Optimal. Both without a word in the result. The same programs with coefficients of 1e-3 are solved
# correctly.
# Why it matters: delays in seconds times CPU-seconds per request easily get there. An oracle that checks an
# allocator has to be asked in milliseconds, or its answer to be checked against the program.
source "$(dirname "$0")/lib/setup.sh"
node_packages highs@1.15.3

node_program <<'JS'
import createHighs from 'highs';
import { expect } from './expect.mjs';
const highs = await createHighs();

// The most that two replicas can take together where `unit` of a core is used per request, and ten units are free.
function most(unit) {
  const { Status, Columns } = highs.solve(`Maximize
 requests: a + b
Subject To
 cpu: ${unit} a + ${unit} b <= ${10 * unit}
Bounds
 0 <= a <= 1000
 0 <= b <= 1000
End`);
  return `${Status}: ${Columns.a.Primal + Columns.b.Primal}`;
}

// The cost, in `unit`s, of one request, where four replicas cost 3, 2, 1 and 4 units.
function cheapest(unit) {
  const { Status, ObjectiveValue } = highs.solve(`Minimize
 cost: ${3 * unit} a + ${2 * unit} b + ${unit} c + ${4 * unit} d
Subject To
 demand: a + b + c + d = 1
End`, { presolve: 'off' });
  return `${Status}: ${Math.round(ObjectiveValue / unit)}`;
}

for (const unit of [1e-3, 1e-8, 1e-9]) console.log(`unit ${unit}: limit of 10 gives ${most(unit)}; cheapest of 3, 2, 1, 4 is ${cheapest(unit)}`);
expect(most(1e-3) === 'Optimal: 10' && most(1e-9) === 'Optimal: 2000', 'a constraint with coefficients of 1e-9 does not hold');
expect(cheapest(1e-3) === 'Optimal: 1' && cheapest(1e-8) === 'Optimal: 3', 'with costs of 1e-8 three times the least cost is called optimal');
JS
