import type { RehearsalRecord } from '../rehearsal-record.ts';
export function htmlReport(record: RehearsalRecord): string {
  return `<pre>${record.name}</pre>`;
}
