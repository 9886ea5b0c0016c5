import { formatDuration, formatInZone, type ReportedChange, type ReportTable } from '@maintenance-tasks/core';
import { timesInWords, timesOf } from '../window/times.ts';
import type { NightReport } from './evidence.ts';

/** The night as one HTML page that needs nothing else: it is opened from an artifact, years later. */
export function evidencePage(night: NightReport): string {
  const times = timesOf(night.window);
  const clock = (iso: string) => formatInZone(new Date(iso), times.zone);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${text(night.window.name)}: ${night.outcome}</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<p class="over">Maintenance session ${text(night.session)}</p>
<h1>${text(night.window.name)} <span class="badge ${night.outcome}">${night.outcome}</span></h1>
<p>${text(timesInWords(times))} · smoke tests ${night.smokeTests}${night.window.platform ? ` · ${text(night.window.platform)}` : ''}</p>
</header>
<main>
${alarm('Left of the session', night.leftovers)}
${alarm('What failed', night.failures)}
${alarm('Evidence that could not be read', night.unreadable)}
<section><h2>Timeline</h2><ol class="timeline">
${night.records
  .map(
    (
      record,
    ) => `<li class="${record.outcome}"><div class="when">${text(clock(record.startedAt))}</div><div class="what">
<h3>${text(record.task)} <span class="badge ${record.outcome}">${record.outcome}</span></h3>
<p class="quiet">${formatDuration(Date.parse(record.endedAt) - Date.parse(record.startedAt))}, ${record.calls} outside calls${link(record.run)}</p>
${record.error ? `<p class="error">${text(record.error)}</p>` : ''}${list(record.notes)}${changesTable(record.changes)}${record.tables.map(table).join('')}
</div></li>`,
  )
  .join('\n')}
<li class="${night.outcome}"><div class="when">${text(clock(night.writtenAt))}</div><div class="what"><h3>finish-maintenance <span class="badge ${night.outcome}">${night.outcome}</span></h3>${list(night.finish.notes)}${changesTable(night.finish.changes)}</div></li>
</ol></section>
<section class="columns">
<div><h2>Changes of the night</h2>${rows(
    ['Ticket', 'What', 'Tag'],
    night.window.changes.map(({ ticket, what, tag }) => [ticket, what, tag ?? '']),
  )}</div>
<div><h2>People</h2>${rows(
    ['Name', 'Roles'],
    night.window.roster.map(({ name, roles }) => [name, roles.join(', ')]),
  )}</div>
<div><h2>Acceptance</h2>${list(night.window.acceptance)}</div>
</section>
</main>
<footer>Written ${text(clock(night.writtenAt))}</footer>
</body>
</html>
`;
}

function alarm(title: string, lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<section class="alarm"><h2>${title}</h2>${list(lines)}</section>`;
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? '' : `<ul>${lines.map((line) => `<li>${text(line)}</li>`).join('')}</ul>`;
}

function changesTable(changes: readonly ReportedChange[]): string {
  return rows(
    ['What', 'Before', 'After', 'State'],
    changes.map(({ what, before, after, status }) => [what, before, after, status]),
  );
}

function table({ title, columns, rows: body }: ReportTable): string {
  return `<details><summary>${text(title)} (${body.length})</summary>${rows(columns, body)}</details>`;
}

function rows(columns: readonly string[], body: readonly (readonly string[])[]): string {
  if (body.length === 0) return '';
  const line = (cells: readonly string[], tag: string) =>
    `<tr>${cells.map((cell) => `<${tag}>${text(cell)}</${tag}>`).join('')}</tr>`;
  return `<div class="scroll"><table><thead>${line(columns, 'th')}</thead><tbody>${body.map((cells) => line(cells, 'td')).join('')}</tbody></table></div>`;
}

/** Only web addresses become links: a record is data, and `javascript:` is an address too. */
function link(url: string | undefined): string {
  return url && /^https?:\/\//.test(url) ? ` · <a href="${text(url)}">run</a>` : '';
}

function text(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const STYLE = `
:root{color-scheme:light dark;--ink:#1b1f24;--quiet:#5b6570;--paper:#fff;--line:#dfe3e8;--soft:#f5f7f9;--good:#1a7f4b;--bad:#b3261e;--wait:#8a5a00}
@media (prefers-color-scheme:dark){:root{--ink:#e6e9ec;--quiet:#9aa4ae;--paper:#14181c;--line:#2c333a;--soft:#1c2126;--good:#57c38a;--bad:#ff8a80;--wait:#e2b15b}}
*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main,footer{max-width:70rem;margin:0 auto;padding:1rem 1.25rem}header{padding-top:2rem}h1{margin:0 0 .25rem;font-size:1.7rem}h2{font-size:1.15rem;margin:2rem 0 .5rem}h3{font-size:1rem;margin:0}
.over,.quiet,footer{color:var(--quiet)}.over{margin:0;font-size:.85rem}.quiet{margin:.1rem 0 .4rem;font-size:.85rem}
.badge{font-size:.75rem;font-weight:600;padding:.1rem .5rem;border-radius:1rem;border:1px solid currentColor;vertical-align:middle}
.success,.succeeded{--mark:var(--good)}.failure,.failed{--mark:var(--bad)}.rescheduled,.dry-run{--mark:var(--wait)}.badge{color:var(--mark,var(--quiet))}
.alarm{border:1px solid var(--bad);border-left-width:6px;border-radius:6px;padding:0 1rem .5rem;margin:1rem 0}.alarm h2{margin-top:.75rem;color:var(--bad)}
.timeline{list-style:none;margin:0;padding:0}.timeline>li{display:grid;grid-template-columns:11rem 1fr;gap:1rem;position:relative;padding:0 0 1.25rem}
.when{color:var(--quiet);font-variant-numeric:tabular-nums;font-size:.85rem;padding-top:.1rem}.what{border-left:3px solid var(--mark,var(--line));padding-left:1rem;min-width:0}
.error{color:var(--bad);white-space:pre-wrap}ul{margin:.25rem 0;padding-left:1.1rem}.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:.5rem 0;font-size:.85rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--line)}td{overflow-wrap:anywhere}th{background:var(--soft);font-weight:600;white-space:nowrap}
details{margin:.4rem 0}summary{cursor:pointer;color:var(--quiet)}.columns{display:grid;grid-template-columns:repeat(auto-fit,minmax(20rem,1fr));gap:1.5rem}
@media (max-width:40rem){.timeline>li{grid-template-columns:1fr;gap:.25rem}}
@media print{details{display:block}}
`;
