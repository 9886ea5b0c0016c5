import type { HostRun, Snapshot } from '../run-record.ts';
import { html, type Markup } from './markup.ts';

interface Row {
  readonly what: string;
  readonly lines: readonly string[];
}

/** Each system before, during and after the window, beside each other, with what changed marked. */
export function systemsOf(run: HostRun): Markup {
  const after = run.stages.at(-1)?.after ?? run.before;
  const during = duringOf(run);
  const names = Object.keys(run.before.states);
  const shown = names.map((name) => ({
    name,
    ...tableOf(run.before.states[name], during.snapshot.states[name], after.states[name]),
  }));
  const changed = shown.filter(({ rows }) => rows.length > 0);
  const still = shown.filter(({ rows }) => rows.length === 0);
  return html`<p class="hint">During: as it stood after ${during.title}. <span class="gone">Gone</span> and <span class="new">new</span> against how it was before.</p>
    ${changed.map(
      ({
        name,
        rows,
        same,
      }) => html`<details class="system" open><summary><b>${name}</b><span class="count">${rows.length} changed${same > 0 && `, ${same} untouched`}</span></summary>
      <div class="scroll"><table class="states"><thead><tr><th></th><th>Before</th><th>During</th><th>After</th></tr></thead><tbody>${rows}</tbody></table></div></details>`,
    )}
    ${still.length > 0 && html`<p class="hint">Not changed at any moment: ${still.map(({ name }) => name).join(', ')}.</p>`}`;
}

/** When most of the window's marks stood: that is what "during" means to a reader. */
function duringOf(run: HostRun): { title: string; snapshot: Snapshot } {
  let best = { title: 'the first stage', snapshot: run.stages[0]?.after ?? run.before };
  for (const { title, after, jobs } of run.stages) {
    if (jobs.length > 0 && after.leftovers.length >= best.snapshot.leftovers.length && after.leftovers.length > 0)
      best = { title, snapshot: after };
  }
  return best;
}

function tableOf(before: unknown, during: unknown, after: unknown): { rows: Markup[]; same: number } {
  const [first, second, third] = [before, during, after].map((state) => rowsOf(state)) as [Row[], Row[], Row[]];
  const whats = [...new Set([...first, ...second, ...third].map(({ what }) => what))];
  let same = 0;
  const rows = whats.flatMap((what) => {
    const [a, b, c] = [first, second, third].map((all) => all.find((row) => row.what === what)?.lines ?? []) as [
      string[],
      string[],
      string[],
    ];
    if (JSON.stringify(a) === JSON.stringify(b) && JSON.stringify(b) === JSON.stringify(c)) {
      same += 1;
      return [];
    }
    const back = JSON.stringify(a) === JSON.stringify(c);
    return [
      html`<tr><th scope="row">${what}</th><td>${linesOf(a, b, 'gone')}</td><td>${linesOf(b, a, 'new')}</td><td>${back ? [html`<span class="back">as before</span>`, linesOf(c, a, 'new')] : linesOf(c, a, 'new')}</td></tr>`,
    ];
  });
  return { rows, same };
}

function linesOf(lines: readonly string[], against: readonly string[], mark: 'gone' | 'new'): Markup[] {
  if (lines.length === 0) return [html`<span class="hint">nothing</span>`];
  return lines.map((line) => html`<div class="line ${against.includes(line) ? '' : mark}">${line}</div>`);
}

/** State of any shape as rows of plain lines: down to where values begin. Things with a name get a row each. */
function rowsOf(state: unknown, path = ''): Row[] {
  const under = (key: string) => (path ? `${path} · ${key}` : key);
  if (isNamedList(state)) {
    return state.flatMap((item) => {
      const key = nameKey(item) as string;
      const { [key]: name, ...rest } = item;
      return [{ what: under(String(name)), lines: itemLines(rest) }];
    });
  }
  if (!isObject(state)) return [{ what: path, lines: linesIn(state) }];
  const entries = Object.entries(state);
  const simple = entries.filter(([, value]) => !isObject(value) && !Array.isArray(value));
  const deep = entries.filter(([, value]) => isObject(value) || Array.isArray(value));
  const rows: Row[] =
    simple.length > 0 ? [{ what: path, lines: simple.map(([key, value]) => `${key}: ${shown(value)}`) }] : [];
  return [...rows, ...deep.flatMap(([key, value]) => rowsOf(value, under(key)))];
}

const NAME_KEYS = ['name', 'check', 'channel'];

function nameKey(item: Record<string, unknown>): string | undefined {
  return NAME_KEYS.find((key) => typeof item[key] === 'string');
}

/** Where two things share a name, a row could not tell them apart. */
function isNamedList(value: unknown): value is Record<string, unknown>[] {
  if (!isListOfObjects(value)) return false;
  const names = (value as Record<string, unknown>[]).map((item) => item[nameKey(item) ?? '']);
  return names.every((name) => name !== undefined) && new Set(names).size === names.length;
}

function linesIn(value: unknown): string[] {
  if (!Array.isArray(value)) return value === null || value === undefined ? [] : [shown(value)];
  return value.flatMap((item: unknown) => (isObject(item) ? itemLines(item) : [shown(item)]));
}

/** One thing of a list: its telling values first, then what else is known, nested lists indented below. */
function itemLines(item: Record<string, unknown>): string[] {
  const entries = Object.entries(item).filter(
    ([, value]) => value !== null && value !== undefined && value !== '' && !isEmpty(value),
  );
  const flat = entries.filter(([, value]) => !isObject(value) && !isListOfObjects(value));
  const first = flat.map(([key, value]) => (LEADING.has(key) ? shown(value) : `${key} ${shown(value)}`)).join(', ');
  const nested = entries
    .filter(([, value]) => isObject(value) || isListOfObjects(value))
    .flatMap(([key, value]) =>
      isObject(value)
        ? [`  ${key}: ${shown(value)}`]
        : (value as Record<string, unknown>[]).flatMap((each) => itemLines(each).map((line) => `  ${line}`)),
    );
  return [first, ...nested];
}

const LEADING = new Set([
  'name',
  'type',
  'content',
  'check',
  'channel',
  'text',
  'shown',
  'description',
  'message',
  'scope',
  'comment',
]);

function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join(' · ');
  const text = isObject(value) ? JSON.stringify(value) : String(value);
  // Thumbprints and versions: their beginning tells them apart.
  return text.replace(/\b([0-9a-f]{10})[0-9a-f]{22,}\b/g, '$1…');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isObject);
}

function isEmpty(value: unknown): boolean {
  return (Array.isArray(value) && value.length === 0) || (isObject(value) && Object.keys(value).length === 0);
}
