/** What is known of a lab that was made to its end. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { LabFolder } from './lab-folder.ts';

export interface LabRecord {
  /** When it was made, ISO 8601. */
  readonly since: string;
  /** Keys of the image archives that its nodes have. */
  readonly images: readonly string[];
}

/** Undefined when there is no lab, or one whose making was cut short. */
export function readRecord(folder: LabFolder): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(folder.file('lab.json'), 'utf8')) as LabRecord;
  } catch {
    return undefined;
  }
}

export function writeRecord(folder: LabFolder, record: LabRecord): void {
  writeFileSync(folder.file('lab.json'), JSON.stringify(record));
}
