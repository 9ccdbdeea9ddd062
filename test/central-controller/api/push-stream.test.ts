import { describe, expect, it, vi } from 'vitest';
import { PushStream } from '../../../central-controller/api/push-stream.ts';
import { SOON } from '../../support/soon.ts';

const PIECE = 'x'.repeat(100_000);

function fill(stream: PushStream): number {
  let pieces = 1;
  while (stream.send(PIECE)) pieces += 1;
  return pieces;
}

describe('a pushed response', () => {
  it('holds a bounded amount for a reader that is behind, says so, and says when it has caught up', async () => {
    const drained = vi.fn();
    const stream = new PushStream(drained);
    const pieces = fill(stream);
    expect(pieces).toBeLessThan(10);
    expect(drained).not.toHaveBeenCalled();
    let read = 0;
    stream.on('data', (chunk: Buffer) => (read += chunk.length));
    await vi.waitFor(() => expect(drained).toHaveBeenCalledTimes(1), SOON);
    expect(read).toBe(pieces * PIECE.length);
    expect(stream.send('more')).toBe(true);
  });

  it('can fall behind and catch up again and again', async () => {
    let rounds = 0;
    const stream = new PushStream(() => {
      rounds += 1;
      if (rounds < 5) fill(stream);
    });
    fill(stream);
    stream.resume();
    await vi.waitFor(() => expect(rounds).toBe(5), SOON);
  });

  it('takes nothing after its reader is gone', () => {
    const stream = new PushStream(() => undefined);
    stream.destroy();
    expect(stream.send('piece')).toBe(false);
    expect(() => stream.finish()).not.toThrow();
  });
});
