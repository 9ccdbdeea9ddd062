/** Runs programs to their end. A failure has the program's error output. */
import { type ExecFileOptions, execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BallastError } from '../../contract/errors.ts';

const execute = promisify(execFile);

export interface RunOptions extends Pick<ExecFileOptions, 'cwd' | 'env' | 'timeout'> {
  /** Standard input. */
  readonly input?: string;
}

/**
 * Returns the program's standard output.
 * @throws BallastError MISSING_TOOL if there is no such program, COMMAND_FAILED if it ends with an error
 */
export async function run(command: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { input, ...others } = options;
  const running = execute(command, args, { maxBuffer: 64 << 20, ...others });
  // Ignored, because a program may end successfully without reading all of its input.
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

/** Like {@link run}, but returns undefined on failure. */
export async function tryRun(
  command: string,
  args: readonly string[],
  options?: RunOptions,
): Promise<string | undefined> {
  return run(command, args, options).catch(() => undefined);
}
