import { vi } from 'vitest';
import { createProgram } from '../../../central-controller/cli/program.ts';

/** Runs the `ballast` command within this process, and returns what it printed. Failures are thrown. */
export async function ballastCall(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const log = vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line));
  try {
    await createProgram().parseAsync(args, { from: 'user' });
    return lines.join('\n');
  } finally {
    log.mockRestore();
  }
}
