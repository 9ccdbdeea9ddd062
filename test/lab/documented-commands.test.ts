/** What the pages tell readers to type about pods that run. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { commandsOn, type StagedCommand } from '../docs/support/stage.ts';
import { LabCluster } from './support/cluster.ts';

const LAB = join(import.meta.dirname, '../../tools/lab/main.ts');

/** Of the agent, which has another name each time. */
const AGENT_POD = '<pod of that node>';

let cluster: LabCluster;
let agentPod: string;

beforeAll(async () => {
  cluster = await LabCluster.open();
  const [agent] = await cluster.pods('app.kubernetes.io/name=host-agent', 'ballast-agents');
  agentPod = agent?.name ?? '';
});
afterAll(() => cluster[Symbol.asyncDispose]());

/** Runs it in the lab's own shell, as a reader does. An endless command is ended once it prints `enough`. */
async function inLab(command: string, enough?: string): Promise<{ code: number | null; output: string }> {
  const args = ['--disable-warning=ExperimentalWarning', LAB, 'shell', '--', 'sh', '-c', `exec ${command}`];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let seen = '';
  child.stdout.on('data', (data: Buffer) => {
    seen += data.toString();
    if (enough !== undefined && seen.includes(enough) && child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
  });
  const complaint = text(child.stderr);
  const [code] = await new Promise<[number | null]>((ended) => child.once('close', (status) => ended([status])));
  return { code, output: `${seen}${await complaint}` };
}

const forwards = ({ text: command }: StagedCommand) => / port-forward /.test(command);
const commands = commandsOn('lab');

test.each(commands.filter((each) => !forwards(each)).map((each) => [each.name, each] as const))(
  '%s',
  async (_name, { text: command }) => {
    const typed = command.replace(AGENT_POD, agentPod);
    // What is restarted is waited for: other commands ask the same pods.
    for (const each of new Set([typed, typed.replace(' rollout restart ', ' rollout status ')])) {
      const { code, output } = await inLab(each);
      expect({ code, output }).toEqual({ code: 0, output: expect.any(String) as string });
    }
  },
);

test.each(commands.filter(forwards).map((each) => [each.name, each] as const))(
  '%s',
  async (_name, { text: command }) => {
    // Another port of this machine: the usual one may be in use.
    const { output } = await inLab(command.replace(/ 15070$/, ' :15070'), 'Forwarding from');
    expect(output).toMatch(/^Forwarding from 127\.0\.0\.1:\d+ -> 15070$/m);
  },
);
