import type { ReportTable } from './report.ts';

/** A Markdown table; cells cannot break out of it, nor bring HTML or images with them. */
export function markdownTable({ columns, rows }: Omit<ReportTable, 'title'>): string {
  const line = (cells: readonly string[]) => `| ${cells.map(markdownText).join(' | ')} |`;
  return [line(columns), `|${columns.map(() => ' --- ').join('|')}|`, ...rows.map(line)].join('\n');
}

/** Text from elsewhere as Markdown that shows it as it is. */
export function markdownText(text: string): string {
  return text.replace(/[\\`*_{}[\]<>#|~!&]/g, (character) => `\\${character}`).replace(/\s*[\r\n]\s*/g, ' ');
}
