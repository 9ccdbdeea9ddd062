/** A thread of `reservations.test.ts`: opens each file in the same moment as the other threads do. Fails at its end. */
import { workerData } from 'node:worker_threads';
import { openReservations } from '../../../apps/hotel-reservation/domain/reservations.ts';

export interface OpenTogether {
  readonly files: readonly string[];
  readonly threads: number;
  /** How many openings were begun, one 32-bit number that all threads share. */
  readonly begun: SharedArrayBuffer;
}

const { files, threads, begun } = workerData as OpenTogether;
const counter = new Int32Array(begun);
const failures: unknown[] = [];
for (const [index, file] of files.entries()) {
  Atomics.add(counter, 0, 1);
  while (Atomics.load(counter, 0) < threads * (index + 1));
  try {
    openReservations(file).close();
  } catch (error) {
    failures.push(error);
  }
}
if (failures.length > 0) throw new Error(`${failures.length} of ${files.length}: ${String(failures[0])}`);
