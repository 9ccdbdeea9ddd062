import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const BALLAST = join(import.meta.dirname, '../../../central-controller/cli/main.ts');

/** Runs the `ballast` command as a user does. */
export async function ballast(
  args: readonly string[],
  input = '',
): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, NO_COLOR: '1' };
  const child = spawn(process.execPath, [BALLAST, ...args], { env, stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(input);
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: code as number, out, err };
}
