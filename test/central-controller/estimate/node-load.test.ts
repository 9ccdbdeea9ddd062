import { describe, expect, it } from 'vitest';
import { currentLoad, NodeMemory } from '../../../central-controller/estimate/node-load.ts';

function memoryOf(background: readonly number[]): NodeMemory {
  const memory = new NodeMemory(0);
  for (const cores of background) {
    const sample = { seconds: 0.25, cores: 1, busyCores: 0.3 + cores, backgroundCores: cores, stealCores: 0.01 };
    memory.add(sample, memory.at + 250);
  }
  return memory;
}

const background = (values: readonly number[]): number => currentLoad(memoryOf(values)).backgroundCores;
const repeated = (value: number, times: number): number[] => Array.from({ length: times }, () => value);

describe('currentLoad', () => {
  it('knows nothing of a node without windows', () => {
    expect(currentLoad(undefined).cores).toBe(0);
    expect(currentLoad(memoryOf([])).cores).toBe(0);
  });

  it('takes the mean of what does not change', () => {
    expect(background([0.19, 0.21, 0.2, 0.18, 0.22])).toBeCloseTo(0.2, 9);
  });

  it('believes a large step at once, up and down', () => {
    expect(background([...repeated(0, 20), 0.7])).toBeCloseTo(0.7, 9);
    expect(background([...repeated(0.7, 20), 0])).toBeCloseTo(0, 9);
  });

  it('leaves out the window in which the change fell as soon as there is another', () => {
    expect(background([...repeated(0, 20), 0.3, 0.7])).toBeCloseTo(0.7, 1);
    expect(background([...repeated(0, 20), 0.3, 0.7, 0.7])).toBeCloseTo(0.7, 9);
  });

  it('finds the last of several changes', () => {
    expect(background([...repeated(0, 8), ...repeated(0.7, 8), ...repeated(0.2, 8)])).toBeCloseTo(0.2, 9);
  });

  it('does not take noise for a change', () => {
    const noise = [0.31, 0.16, 0.28, 0.2, 0.33, 0.12, 0.27, 0.19, 0.35, 0.22, 0.14, 0.29];
    const mean = noise.reduce((sum, value) => sum + value, 0) / noise.length;
    expect(background(noise)).toBeCloseTo(mean, 9);
  });

  it('sees a small change once it has lasted', () => {
    const before = repeated(0.2, 16).map((value, index) => value + (index % 2 ? 0.02 : -0.02));
    expect(background([...before, ...repeated(0.32, 5)])).toBeCloseTo(0.32, 2);
  });

  it('forgets what was before the last 32 windows', () => {
    expect(background([...repeated(0.9, 40), ...repeated(0.2, 32)])).toBeCloseTo(0.2, 9);
    expect(memoryOf(repeated(0.2, 100)).size).toBe(32);
  });

  it('is never negative', () => {
    expect(background([-0.05, -0.04])).toBe(0);
  });
});
