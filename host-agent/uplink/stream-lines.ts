/** The lines of one connection of the assignment stream, read by the protocol that its controller knows. */
import type { AssignmentUpdate } from '../../contract/assignment.ts';
import type { AssignmentLine } from '../../contract/assignment-stream.ts';
import type { Failure } from '../../contract/errors.ts';
import { LineSplitter } from '../../contract/line-splitter.ts';
import { parseLine, parseUpdate } from './assignment-line.ts';

const MAX_LINE = 32 * 1024 * 1024;

export interface LinePorts {
  /** Takes a line; its first one names its epoch. */
  readonly line: (line: AssignmentLine) => void;
  /** Takes a line of a controller of the version before. */
  readonly update: (update: AssignmentUpdate) => void;
  /** An entry of a line was left out. */
  readonly fault: (why: string) => void;
  /** A line was refused and changed nothing. The stream is opened anew, since what the line said is missing. */
  readonly refused: (failure: Failure) => void;
}

export class StreamLines {
  readonly #ports: LinePorts;
  readonly #isOld: boolean;
  readonly #lines = new LineSplitter(MAX_LINE);
  /** The last line, where it was a heartbeat, and what it said: most lines are the same as the one before. */
  #heartbeat: { readonly text: string; readonly line: AssignmentLine } | undefined;
  #count = 0;

  constructor(ports: LinePorts, isOld: boolean) {
    this.#ports = ports;
    this.#isOld = isOld;
  }

  get hasLine(): boolean {
    return this.#count > 0;
  }

  /** Hands on the lines that a chunk completes; returns why the connection has to end. */
  take(chunk: Buffer): string | undefined {
    const complete = this.#lines.push(chunk);
    if (complete === undefined) return `a line is longer than ${MAX_LINE} characters`;
    for (const text of complete) {
      if (text === '') continue;
      const refused = this.#isOld ? this.#takeUpdate(text) : this.#takeLine(text);
      if (refused !== undefined) {
        this.#ports.refused(refused);
        return refused.message;
      }
      this.#count++;
    }
    return undefined;
  }

  #takeLine(text: string): Failure | undefined {
    if (this.#heartbeat?.text === text) {
      this.#ports.line(this.#heartbeat.line);
      return undefined;
    }
    const parsed = parseLine(text);
    if (!parsed.ok) return parsed.failure;
    const { line, faults } = parsed.value;
    if (!this.hasLine && line.epoch === undefined) {
      return { code: 'MALFORMED_ASSIGNMENT', message: 'epoch: the first line of a stream must have it' };
    }
    for (const fault of faults) this.#ports.fault(fault);
    this.#heartbeat = Object.keys(line).length === 2 ? { text, line } : undefined;
    this.#ports.line(line);
    return undefined;
  }

  #takeUpdate(text: string): Failure | undefined {
    const parsed = parseUpdate(text);
    if (!parsed.ok) return parsed.failure;
    if (!this.hasLine && !parsed.value.full && !parsed.value.partial) {
      return { code: 'MALFORMED_ASSIGNMENT', message: 'full: the first line of a stream must be full' };
    }
    this.#ports.update(parsed.value);
    return undefined;
  }
}
