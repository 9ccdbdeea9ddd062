/** Runs programs to their end; a failure carries what they said. */
import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BallastError } from '../../contract/errors.ts';

const execute = promisify(execFile);

export interface RunOptions extends Pick<ExecFileOptions, 'cwd' | 'env' | 'timeout'> {
  /** Standard input. */
  readonly input?: string;
}

/**
 * What the program wrote to standard output.
 * @throws BallastError MISSING_TOOL when there is no such program, COMMAND_FAILED when it ends with an error
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, ...others } = options;
  const running = execute(command, args, { maxBuffer: 64 << 20, ...others });
  // A program that ends without reading all of its input is judged by how it ended.
  running.child.stdin?.on('error', () => {});
  running.child.stdin?.end(input ?? '');
  try {
    return (await running).stdout;
  } catch (cause) {
    const { code, stderr = '' } = cause as { code?: unknown; stderr?: string };
    if (code === 'ENOENT') throw new BallastError('MISSING_TOOL', `${command}: not found on this machine`, { cause });
    const shown = [command, ...args].join(' ').slice(0, 200);
    throw new BallastError('COMMAND_FAILED', `${shown}: ${stderr.trim().slice(-1500) || String(cause)}`, { cause });
  }
}

/** Like {@link run}; undefined where it failed. */
export async function tryRun(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string | undefined> {
  return run(command, args, options).catch(() => undefined);
}
