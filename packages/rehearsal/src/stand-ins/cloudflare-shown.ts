import { decodeUndoNote } from '@maintenance-tasks/core';
import type { StoredRecord } from './cloudflare-records.ts';

/** One sentence where the text carries a session's mark. */
export function noted(text: string | null | undefined, words: (session: string) => string): string[] {
  const note = decodeUndoNote(text);
  return note ? [words(note.session)] : [];
}

/** The records of each name, as they are shown. */
export function shownNames(records: readonly StoredRecord[]): [string, unknown][] {
  const names = [...new Set(records.map(({ name }) => name))].sort();
  return names.map((name) => [
    name,
    records
      .filter((record) => record.name === name)
      .map(shownRecord)
      .sort(byText),
  ]);
}

function shownRecord({ type, content, proxied, ttl, comment, tags, settings }: StoredRecord) {
  return {
    type,
    content,
    proxied,
    ttl,
    ...(comment && { comment }),
    ...(tags.length > 0 && { tags }),
    ...(Object.values(settings).some(Boolean) && { settings }),
  };
}

function byText(a: object, b: object): number {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}
