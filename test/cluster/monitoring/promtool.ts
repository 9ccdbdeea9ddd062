/** promtool, Prometheus' own checker. */
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { buildGoTool } from '../../../tools/go/build.ts';

/** Runs it with `input` on its standard input; the answer is all it wrote. @throws with that where it is not content */
export async function promtool(flags: readonly string[], input = ''): Promise<string> {
  const child = execFile(await buildGoTool('prometheus/promtool'), flags, { maxBuffer: 16 << 20 });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (text: string) => (output += text));
  child.stdin?.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`promtool ${flags.join(' ')} ended with ${code}:\n${output}`);
  return output;
}
