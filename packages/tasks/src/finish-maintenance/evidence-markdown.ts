import { formatInZone, markdownTable, markdownText } from '@maintenance-tasks/core';
import { timesInWords, timesOf } from '../window/times.ts';
import type { NightReport } from './evidence.ts';

/** The night as Markdown, for a ticket or a wiki page. */
export function evidenceMarkdown(night: NightReport): string {
  const times = timesOf(night.window);
  const at = (iso: string) => formatInZone(new Date(iso), times.zone);
  const bullets = (lines: readonly string[]) => lines.map((line) => `- ${markdownText(line)}`).join('\n');
  const section = (title: string, body: string) => (body === '' ? [] : [`## ${title}`, body]);
  const changes = [...night.records.flatMap(({ changes: each }) => each), ...night.finish.changes];
  return `${[
    `# ${markdownText(night.window.name)}: ${night.outcome}`,
    `Session \`${night.session}\`, ${timesInWords(times)}. Smoke tests: ${night.smokeTests}.`,
    ...section('Left of the session', bullets(night.leftovers)),
    ...section('What failed', bullets([...night.failures, ...night.unreadable])),
    ...section(
      'Timeline',
      markdownTable({
        columns: ['From', 'To', 'Task', 'Outcome', 'Notes'],
        rows: night.records.map((record) => [
          at(record.startedAt),
          at(record.endedAt),
          record.task,
          record.outcome,
          [record.error, ...record.notes].filter(Boolean).join(' '),
        ]),
      }),
    ),
    ...section(
      'Changes',
      changes.length === 0
        ? ''
        : markdownTable({
            columns: ['What', 'Before', 'After', 'State'],
            rows: changes.map(({ what, before, after, status }) => [what, before, after, status]),
          }),
    ),
    ...section('Finish', bullets(night.finish.notes)),
    ...section('Acceptance', bullets(night.window.acceptance)),
    ...section('People', bullets(night.window.roster.map(({ name, roles }) => `${name}: ${roles.join(', ')}`))),
  ].join('\n\n')}\n`;
}
