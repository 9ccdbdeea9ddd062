/** The load generator's command as a process, read by its `--stream`. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { BallastError } from '../../../../contract/errors.ts';
import { decodeHistogram, type LatencyHistogram } from '../../../../tools/load-generator/measure/histogram.ts';
import type { LoadReport, SecondReport } from '../../../../tools/load-generator/show/report.ts';

export interface LoadProcessOptions {
  readonly url: string;
  /** Name of a mix that comes with the load generator, or the path of a file. */
  readonly mix: string;
  readonly rate: number;
  readonly durationSeconds?: number;
  readonly connections?: number;
  readonly timeoutSeconds?: number;
  readonly seed?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Called for each second in order, when all requests due in it have ended. */
  readonly onSecond?: (second: SecondReport, latency: LatencyHistogram) => void;
}

export interface LoadProcess {
  readonly pid: number | undefined;
  /** Rejects with CHILD_FAILED, and what the process wrote to standard error, when it ends without a result. */
  readonly finished: Promise<LoadReport>;
  /** Ends the load; what is outstanding comes to its end first, within the time-out. */
  stop(): Promise<LoadReport>;
  /** Ends the process at once, without a result. */
  kill(): void;
}

export function startLoadProcess(options: LoadProcessOptions): LoadProcess {
  const child = spawn(
    process.execPath,
    [fileURLToPath(new URL('../../../../tools/load-generator/main.ts', import.meta.url)), ...argumentsOf(options)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4000);
  });
  let report: LoadReport | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const message = JSON.parse(line) as LoadReport | (SecondReport & { histogram: string });
    if ('setting' in message) report = message;
    else options.onSecond?.(message, decodeHistogram(message.histogram));
  });
  const finished = new Promise<LoadReport>((resolve, reject) => {
    child.once('error', (error) => reject(new BallastError('CHILD_FAILED', 'load generator', { cause: error })));
    child.once('close', (code, signal) => {
      if (report) resolve(report);
      else reject(new BallastError('CHILD_FAILED', `load generator ended with ${signal ?? code}: ${errors.trim()}`));
    });
  });
  return {
    pid: child.pid,
    finished,
    stop() {
      child.kill('SIGTERM');
      return finished;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}

function argumentsOf(options: LoadProcessOptions): string[] {
  const flags: Record<string, string | undefined> = {
    url: options.url,
    mix: options.mix,
    rate: String(options.rate),
    duration: options.durationSeconds === undefined ? undefined : `${options.durationSeconds}s`,
    connections: options.connections?.toString(),
    timeout: options.timeoutSeconds === undefined ? undefined : `${options.timeoutSeconds}s`,
    seed: options.seed?.toString(),
  };
  return [
    '--stream',
    ...Object.entries(flags).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...Object.entries(options.headers ?? {}).flatMap(([name, value]) => ['--header', `${name}: ${value}`]),
  ];
}
