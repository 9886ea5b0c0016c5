import type { EvidenceRecord } from './evidence.ts';
import { markdownTable, markdownText } from './markdown.ts';
import type { Report } from './report.ts';

/** What is known at the end of a run. */
export interface RunEnd {
  readonly task: string;
  readonly session: string | undefined;
  readonly dryRun: boolean;
  readonly report: Report;
  readonly started: Date;
  readonly ended: Date;
  readonly outputs: Readonly<Partial<Record<string, string>>>;
  readonly calls: number;
  readonly message: string | undefined;
  readonly run: string | undefined;
}

export function recordOf(end: RunEnd): EvidenceRecord {
  return {
    format: 1,
    session: end.session ?? '',
    task: end.task,
    outcome: end.message !== undefined ? 'failed' : end.dryRun ? 'dry-run' : 'succeeded',
    startedAt: end.started.toISOString(),
    endedAt: end.ended.toISOString(),
    changes: end.report.changes,
    notes: end.report.notes,
    tables: end.report.tables,
    outputs: Object.fromEntries(
      Object.entries(end.outputs).filter((entry): entry is [string, string] => entry[1] !== undefined),
    ),
    calls: end.calls,
    ...(end.message !== undefined && { error: end.message }),
    ...(end.run && { run: end.run }),
  };
}

const MARKS = { planned: 'planned', changed: 'changed', verified: 'changed, verified', undone: 'put back' } as const;
// GitHub drops a step's whole summary beyond 1 MiB; the evidence file has every row.
const MOST_ROWS = 500;

/** The record as Markdown for the run's page. */
export function summaryOf(record: EvidenceRecord): string {
  const title = { succeeded: 'succeeded', failed: 'failed', 'dry-run': 'dry run, nothing changed' }[record.outcome];
  const parts = [`### ${record.task}: ${title}`];
  if (record.error) parts.push(markdownText(record.error));
  if (record.changes.length > 0) {
    const rows = record.changes
      .slice(0, MOST_ROWS)
      .map(({ what, before, after, status }) => [what, before, after, MARKS[status]]);
    parts.push(markdownTable({ columns: ['What', 'Before', 'After', 'State'], rows }));
    if (record.changes.length > MOST_ROWS)
      parts.push(`${record.changes.length - MOST_ROWS} more are in the evidence file.`);
  }
  for (const table of record.tables)
    parts.push(`#### ${markdownText(table.title)}`, markdownTable({ ...table, rows: table.rows.slice(0, MOST_ROWS) }));
  if (record.notes.length > 0) parts.push(record.notes.map((note) => `- ${markdownText(note)}`).join('\n'));
  return `${parts.join('\n\n')}\n`;
}
