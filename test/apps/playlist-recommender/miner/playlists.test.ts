import { describe, expect, test } from 'vitest';
import { parsePlaylists } from '../../../../apps/playlist-recommender/miner/playlists.ts';

describe('playlists from CSV', () => {
  test('are the songs by playlist, whatever the order of lines and columns', () => {
    const csv =
      '\uFEFFartist_name,track_name,pid\nA,One,1\nB,"Two, too",2\r\nA,"Say ""three""",1\n\nB,One,2\nB,One,2\n';
    const read = parsePlaylists(csv);
    expect(read).toEqual({ ok: true, value: [new Set(['One', 'Say "three"']), new Set(['Two, too', 'One'])] });
  });

  test('are without lines that lack the playlist or the song', () => {
    expect(parsePlaylists('pid,track_name\n1,One\n,Two\n2,\n')).toEqual({ ok: true, value: [new Set(['One'])] });
  });

  test.each([
    ['', 'it has no line below the names of its columns'],
    ['pid,track_name\n', 'it has no line below the names of its columns'],
    ['pid,song\n1,One\n', 'column track_name: is missing'],
    ['id,track_name\n1,One\n', 'column pid: is missing'],
    ['pid,track_name\n,One\n', 'no line has both pid and track_name'],
    ['pid,track_name\n1,One\n2,Two,Three\n', 'line 3'],
    ['pid,track_name\n1,"One\n', 'line 2'],
    ['<html><body>404</body></html>', 'it has no line below'],
  ])('%j is refused: %s', (csv, says) => {
    expect(parsePlaylists(csv)).toMatchObject({
      ok: false,
      failure: { code: 'INVALID_DATASET', message: expect.stringContaining(says) },
    });
  });
});
