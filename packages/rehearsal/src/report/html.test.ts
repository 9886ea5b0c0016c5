import { describe, expect, it } from 'vitest';
import { findings, type RehearsalRecord } from '../rehearsal-record.ts';
import type { HostRun, Snapshot, StepRun } from '../run-record.ts';
import { htmlReport } from './html.ts';
import { renderMarkdown } from './markdown.ts';
import { html } from './markup.ts';

const EVIL = '<script>alert(1)</script>"\'&';
const nothing: Snapshot = {
  states: { DNS: { 'www.example.com': [{ type: 'CNAME', content: 'shop' }] } },
  leftovers: [],
};

function step(extra: Partial<StepRun> = {}): StepRun {
  return {
    key: 's/1',
    id: undefined,
    title: 'Tell',
    kind: 'task',
    uses: 'x',
    task: 'notify',
    place: { file: 'w.yml', line: 3, column: 1 },
    result: 'succeeded',
    forgiven: false,
    note: undefined,
    asked: false,
    startedAt: '2026-11-22T04:45:00Z',
    endedAt: '2026-11-22T04:45:01Z',
    milliseconds: 12,
    exitCode: 0,
    log: [],
    annotations: [],
    outputs: {},
    summary: '',
    ...extra,
  };
}

function record(steps: StepRun[], after: Snapshot = nothing, extra: Partial<HostRun> = {}): RehearsalRecord {
  const stage = {
    id: 's',
    title: 'Stage',
    result: 'succeeded',
    note: undefined,
    startedAt: '2026-11-22T04:45:00Z',
    endedAt: '2026-11-22T04:46:00Z',
  } as const;
  const run: HostRun = {
    host: 'github',
    file: 'w.yml',
    name: 'W',
    node: '24.0.0',
    result: 'succeeded',
    milliseconds: 10,
    before: nothing,
    calls: [],
    leaks: [],
    stages: [{ ...stage, after, jobs: [{ id: 'j', title: 'J', result: 'succeeded', approval: undefined, steps }] }],
    ...extra,
  };
  return {
    format: 1,
    name: 'Window',
    target: '.',
    zone: 'America/Chicago',
    window: { starts: '2026-11-22T00:00:00Z', ends: '2026-11-22T12:00:00Z' },
    milliseconds: 10,
    runs: [run],
    parity: [],
    assumptions: [],
    asked: [],
  };
}

describe('the page', () => {
  it('shows whatever a task, a system or a pipeline says as text', () => {
    const hostile = step({
      title: EVIL,
      log: [EVIL],
      summary: `### ${EVIL}\n\n| a |\n| --- |\n| ${EVIL} |\n\n- ${EVIL}`,
      outputs: { [EVIL]: EVIL },
      annotations: [{ kind: 'error', text: EVIL }],
    });
    const after = { states: { [EVIL]: { [EVIL]: EVIL } }, leftovers: [EVIL] };
    const page = htmlReport({ ...record([hostile], after), name: EVIL, assumptions: [EVIL], asked: [EVIL] });
    expect(page).not.toContain('<script>');
    expect(page).toContain('&#60;script&#62;');
  });

  it('needs nothing from anywhere', () => {
    expect(htmlReport(record([step()]))).not.toMatch(/<(link|script|img|iframe)|url\(|@import/);
  });

  it('tells the night in the window’s time zone, and marks what changed', () => {
    const after = {
      states: { DNS: { 'www.example.com': [{ type: 'CNAME', content: 'page' }] } },
      leftovers: ['DNS: www.example.com'],
    };
    const page = htmlReport(record([step()], after));
    expect(page).toContain('2026-11-21 22:45 CST');
    expect(page).toMatch(/class="line gone">CNAME, shop</);
    expect(page).toMatch(/class="line new">CNAME, page</);
  });
});

describe('what a rehearsal found', () => {
  it('is nothing when all went well', () => {
    expect(findings(record([step()]))).toEqual([]);
    expect(htmlReport(record([step()]))).toContain('Passed.');
  });

  it.each([
    ['a failed step', record([step({ result: 'failed' })]), '"Tell" failed.'],
    [
      'what was left behind',
      record([step()], { ...nothing, leftovers: ['DNS: www.example.com shows the page'] }),
      'Left behind: DNS: www.example.com shows the page',
    ],
    [
      'a secret that came out',
      record([step()], nothing, { leaks: ['The secret TOKEN stands in the log.'] }),
      'The secret TOKEN stands in the log.',
    ],
    [
      'a host that nobody answers for',
      record([step()], nothing, { calls: [{ system: undefined, status: 403, host: 'x.example.com' } as never] }),
      'No stand-in answers for x.example.com',
    ],
  ])('names %s', (_what, of, says) => {
    expect(findings(of).join()).toContain(says);
    expect(htmlReport(of)).toContain('One problem found');
  });

  it('does not count a failure that was asked for, nor its consequences', () => {
    expect(findings(record([step({ result: 'failed', asked: true }), step({ key: 's/2', result: 'failed' })]))).toEqual(
      [],
    );
  });

  it('counts a failure before the one that was asked for', () => {
    expect(findings(record([step({ result: 'failed' }), step({ key: 's/2', result: 'failed', asked: true })]))).toEqual(
      ['"Tell" failed.'],
    );
  });

  it('does not count a failure that the pipeline forgives', () => {
    expect(findings(record([step({ result: 'failed', forgiven: true })]))).toEqual([]);
  });

  it('is told once when both hosts found it', () => {
    const one = record([step()], { ...nothing, leftovers: ['A of mw-202611221200-abcd'] });
    const other = record([step()], { ...nothing, leftovers: ['A of mw-202611221200-wxyz'] }, { host: 'azure' });
    expect(findings({ ...one, runs: [...one.runs, ...other.runs] })).toEqual([
      'Left behind: A of mw-202611221200-abcd',
    ]);
  });
});

describe('Markdown of summaries', () => {
  it('becomes headings, tables and lists, with escaped marks as text', () => {
    const page =
      html`${renderMarkdown('### Title\n\n| What | State |\n| --- | --- |\n| a\\|b | \\*ok\\* |\n\n- one\n- two\n\nplain')}`
        .text;
    expect(page).toContain('<h5>Title</h5>');
    expect(page).toContain('<td>a|b</td><td>*ok*</td>');
    expect(page).toContain('<li>one</li><li>two</li>');
    expect(page).toContain('<p class="pre">plain</p>');
  });
});
