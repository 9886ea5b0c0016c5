import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { type EvidenceRecord, messageOf } from '@maintenance-tasks/core';

const LINE = /^([CGD][A-Z0-9]{5,}):(\d+\.\d+)$/;

/** The first message of a session in each Slack channel: its channel, then its ts. */
export type SlackThreads = ReadonlyMap<string, string>;

/** Threads from text as outputs hold it, `C0123456789:1732233600.000100`, one a line; other lines are nothing. */
export function parseThreads(text: string): Map<string, string> {
  const threads = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, channel, ts] = LINE.exec(line.trim()) ?? [];
    if (channel && ts) threads.set(channel, ts);
  }
  return threads;
}

export function formatThreads(threads: SlackThreads): string {
  return [...threads].map(([channel, ts]) => `${channel}:${ts}`).join('\n');
}

/** The threads that earlier tasks of the session left in its evidence; none when there is no such folder. */
export async function threadsFromEvidence(
  workingFolder: string,
  folder: string,
  session: string,
  debug: (line: string) => void,
): Promise<Map<string, string>> {
  const path = resolve(workingFolder, folder);
  // Folders in it come from the artifacts of other jobs.
  const names = await readdir(path, { recursive: true }).catch(() => [] as string[]);
  const threads = new Map<string, string>();
  const records = names.filter((name) => /^\d{8}T\d{9}-.+\.json$/.test(basename(name)));
  // Names begin with the time: what is read later is newer, and counts.
  for (const name of records.sort((a, b) => (basename(a) < basename(b) ? -1 : 1))) {
    try {
      const record = JSON.parse(await readFile(join(path, name), 'utf8')) as EvidenceRecord;
      if (record.session !== session) continue;
      for (const [channel, ts] of parseThreads(record.outputs?.['slack-thread'] ?? '')) threads.set(channel, ts);
    } catch (error) {
      debug(`${name} in the evidence folder cannot be read: ${messageOf(error)}`);
    }
  }
  return threads;
}
