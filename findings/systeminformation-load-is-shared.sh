#!/usr/bin/env bash
# systeminformation 5.33.26 (npm), currentLoad(), on Linux.
#
# One guesses: each caller gets the load since its own last call, and the ticks are all of the CPU's.
# What happens: there is one memory per process. A call gets the load since the last call by anybody, so a second
# reader (a metrics page, a library) shortens everybody's window; a call within 200 ms of another gets the other's
# numbers again. And the ticks are those of Node's os.cpus(): waiting for I/O, softirq and stolen time are in none
# of them, so the node of a busy network or a crowded hypervisor looks idle.
# Why it matters: an agent that balances by it sees windows of changing length, and not the very load that its
# neighbours make.
source "$(dirname "$0")/lib/setup.sh"
node_packages systeminformation@5.33.26

node_program <<'JS'
import { readFileSync } from 'node:fs';
import { cpus } from 'node:os';
import information from 'systeminformation';
import { expect } from './expect.mjs';

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
/** The wall time in milliseconds that a reading covers, from the ticks in it. */
const covers = ({ rawCurrentLoad, rawCurrentLoadIdle }) => (rawCurrentLoad + rawCurrentLoadIdle) / cpus().length;

await information.currentLoad(); // The first reader begins a window of three seconds,
await wait(2000);
await information.currentLoad(); // the second reader reads after two of them,
await wait(1000);
const third = await information.currentLoad(); // and this is what the first one gets.
const again = await information.currentLoad();
console.log(`three seconds after its last call a reader gets ${Math.round(covers(third))} ms; called again at once: the same: ${again.rawCurrentLoad === third.rawCurrentLoad}`);

const [user, nice, system, idle, iowait, irq, softirq, steal] = readFileSync('/proc/stat', 'utf8').split('\n')[0].split(/ +/).slice(1).map(Number);
const seen = cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.idle + times.irq, 0) / 10;
const without = user + nice + system + idle + irq;
console.log(`ticks of /proc/stat without iowait, softirq and steal: ${without}, with them: ${without + iowait + softirq + steal}; of os.cpus(): ${Math.round(seen)}`);

expect(covers(third) < 2000, 'the window of a reader begins at the last call of another one');
expect(again.rawCurrentLoad === third.rawCurrentLoad, 'calls within 200 ms get the same reading');
expect(Math.abs(seen - without) <= Math.abs(seen - without - iowait - softirq - steal), 'waiting for I/O, softirq and stolen time are not in the ticks');
JS
