/** Reads playlists from CSV. Pure. */
import { CsvError, parse } from 'csv-parse/sync';
import { failure, type Result, success } from '../../../contract/result.ts';

/** Columns that are read. Others are ignored. */
const PLAYLIST = 'pid';
const SONG = 'track_name';

/** Songs of each playlist. A line of the CSV is one song of one playlist. A failure names the line or the column. */
export function parsePlaylists(csv: string): Result<Set<string>[]> {
  let rows: Record<string, string>[];
  try {
    rows = parse(csv, { columns: true, bom: true, skip_empty_lines: true, trim: true });
  } catch (error) {
    if (error instanceof CsvError) return failure('INVALID_DATASET', error.message);
    throw error;
  }
  const [first] = rows;
  if (!first) return failure('INVALID_DATASET', 'it has no line below the names of its columns');
  for (const column of [PLAYLIST, SONG]) {
    if (!(column in first)) return failure('INVALID_DATASET', `column ${column}: is missing`);
  }
  const playlists = new Map<string, Set<string>>();
  for (const row of rows) {
    const [playlist, song] = [row[PLAYLIST], row[SONG]];
    // Real data sets have such lines, for songs that were withdrawn.
    if (!playlist || !song) continue;
    const songs = playlists.get(playlist) ?? new Set<string>();
    playlists.set(playlist, songs.add(song));
  }
  if (playlists.size === 0) return failure('INVALID_DATASET', `no line has both ${PLAYLIST} and ${SONG}`);
  return success([...playlists.values()]);
}
