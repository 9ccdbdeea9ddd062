/** Asks the service in turn while a command changes something, until the change is there as a whole. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BaseAddress } from '../../../contract/base-address.ts';
import { ask } from '../client/ask.ts';
import { type Aim, type Downtime, downtimeOf, type Effect, effectOf, type Sample } from './measure.ts';

export interface ExperimentPlan extends Aim {
  readonly service: BaseAddress;
  readonly songs: readonly string[];
  /** Pause between two requests. */
  readonly intervalMs: number;
  /** So long the service is asked before the change. */
  readonly beforeMs: number;
  /** The change takes effect by then, or the experiment has failed. */
  readonly timeoutMs: number;
  /** Program and arguments; no shell. */
  readonly command: readonly string[];
}

export interface Measured extends Downtime {
  readonly experiment: string;
  /** Undefined: it was not there in time. */
  readonly effect: Effect | undefined;
  /** So long the command itself took, ms. */
  readonly commandMs: number;
}

/** Of other programs than this one: what the command prints goes to standard error. */
async function runCommand([program = '', ...args]: readonly string[]): Promise<number> {
  const start = performance.now();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.pipe(process.stderr);
  const [code] = await once(child, 'exit').catch((error: unknown) => {
    throw new Error(`${program} cannot be started: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (code !== 0) throw new Error(`the command ended with ${code}: ${[program, ...args].join(' ')}`);
  return performance.now() - start;
}

async function sample({ service, songs }: ExperimentPlan, nowMs: () => number): Promise<Sample> {
  const sentMs = nowMs();
  return ask(service, songs).then(
    ({ recommendation: { version, model_date: modelDate }, replica }) => {
      return { sentMs, endMs: nowMs(), answer: { version, modelDate, replica } };
    },
    (error: unknown) => ({ sentMs, endMs: nowMs(), error: error instanceof Error ? error.message : String(error) }),
  );
}

/** @throws Error if the service does not answer before the change, or the command fails */
export async function runExperiment(plan: ExperimentPlan): Promise<Measured> {
  const samples: Sample[] = [];
  let begin = performance.now() + plan.beforeMs;
  const nowMs = (): number => performance.now() - begin;
  const askUntil = async (isOver: () => boolean): Promise<void> => {
    while (!isOver()) {
      samples.push(await sample(plan, nowMs));
      await sleep(plan.intervalMs);
    }
  };
  await askUntil(() => nowMs() >= 0);
  const failed = samples.find(({ error }) => error !== undefined);
  if (failed) throw new Error(`before the change, the service must answer each request: ${failed.error}`);
  // The last request before the change may have ended after the time that was planned.
  const lateMs = Math.max(0, nowMs());
  begin += lateMs;
  const earlier = samples.map((each) => ({ ...each, sentMs: each.sentMs - lateMs, endMs: each.endMs - lateMs }));
  samples.splice(0, samples.length, ...earlier);
  let effect: Effect | undefined;
  const running = runCommand(plan.command);
  // A command that fails ends the experiment at once.
  let commandError: unknown;
  let commandMs: number | undefined;
  running.then(
    (ms) => (commandMs = ms),
    (error: unknown) => (commandError = error),
  );
  await askUntil(() => {
    if (commandError !== undefined) return true;
    if (commandMs !== undefined) effect = effectOf(samples, plan);
    return effect !== undefined || nowMs() > plan.timeoutMs;
  });
  if (commandError !== undefined) throw commandError;
  const { experiment } = plan;
  return { experiment, effect, commandMs: commandMs ?? nowMs(), ...downtimeOf(samples) };
}
