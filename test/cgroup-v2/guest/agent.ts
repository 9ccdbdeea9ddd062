/** The agent's program, with a controller that grants what the test wants. */
import type { PodCpuGrant } from '../../../contract/assignment.ts';
import { type AgentProcess, startAgent } from '../../host-agent/support/agent-process.ts';
import { ControllerStub } from '../../host-agent/support/controller-stub.ts';
import { ReportedNode } from '../../host-agent/support/reported-node.ts';
import { line } from '../../host-agent/support/updates.ts';

const MAIN = '/app/host-agent/main.js';

/** Longer than any test: what is granted must not expire. */
const VALID_FOR_MS = 600_000;

interface Running {
  readonly agent: AgentProcess;
  readonly controller: ControllerStub;
  /** What the reports add up to. */
  readonly node: ReportedNode;
}

/** CPU of a pod as the agent has reported it. */
export interface ReportedPod {
  readonly cpuSeconds: number;
  readonly limitCores: number | null;
  readonly grantedCores: number | null;
}

let running: Running | undefined;
let version = 1;

function started(): Running {
  if (running === undefined) throw new Error('no agent runs');
  return running;
}

export const agentCommands = {
  async startAgent(...flags: string[]): Promise<void> {
    const controller = new ControllerStub();
    controller.greeting = () => `${JSON.stringify(line({ version, validForMs: VALID_FOR_MS, cpu: [] }))}\n`;
    const url = await controller.listen();
    const agent = await startAgent(['--node', 'guest', '--controller', url.href, ...flags], MAIN);
    running = { agent, controller, node: new ReportedNode() };
  },

  /** Sends the grants to the agent. */
  sendGrants(cpu: PodCpuGrant[]): void {
    version++;
    started().controller.send({ version, validForMs: VALID_FOR_MS, cpu });
  },

  /** What the agent has reported of a pod; undefined when no report has it. */
  reportedPod(uid: string): ReportedPod | undefined {
    const { controller, node } = started();
    const row = node.takeAll(controller.reports).pods.get(uid);
    if (row === undefined) return undefined;
    const [, cpuSeconds, , , limitCores, grantedCores] = row;
    return { cpuSeconds, limitCores, grantedCores };
  },

  agentLog: (): readonly string[] => started().agent.lines,

  /** Returns the exit code; null when no agent runs. */
  async stopAgent(): Promise<number | null> {
    if (running === undefined) return null;
    const { agent, controller } = running;
    const code = await agent.stop();
    await controller.close();
    running = undefined;
    return code;
  },
};
