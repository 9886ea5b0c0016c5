import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import finishMaintenance from '@maintenance-tasks/tasks/finish-maintenance/task';
import preMaintenance from '@maintenance-tasks/tasks/pre-maintenance/task';
import startingMaintenance from '@maintenance-tasks/tasks/starting-maintenance/task';
import sweep from '@maintenance-tasks/tasks/sweep/task';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from '../in-process-run.ts';
import { nightOf, WINDOW } from './night.ts';

let runs: TaskRuns;
let night: ReturnType<typeof nightOf>;
beforeAll(async () => {
  runs = await taskRuns('2026-11-21T18:30:00Z');
  night = nightOf(runs);
});
afterAll(() => runs.close());
beforeEach(() => {
  runs.clock.set('2026-11-21T18:30:00Z');
  night.begin();
});

async function opened(): Promise<{ session: string; digest: string }> {
  const { outcome, outputs, shown } = await night.run(preMaintenance);
  expect(outcome, shown).toEqual({ ok: true });
  return { session: outputs.session as string, digest: outputs.digest as string };
}

async function started(): Promise<{ session: string; digest: string }> {
  const given = await opened();
  const { outcome, shown } = await night.run(startingMaintenance, given);
  expect(outcome, shown).toEqual({ ok: true });
  return given;
}

const refuse = (status: number) => () => ({ status, body: { error: { errormessage: 'out of order' }, errors: [] } });

describe('pre-maintenance', () => {
  test('opens a session whose id carries the end of the window, and changes nothing', async () => {
    const before = night.stateOf('Cloudflare');
    const { session } = await opened();
    expect(session).toMatch(/^mw-202611220600-[a-z0-9]{4}$/);
    expect(night.stateOf('Cloudflare')).toBe(before);
    expect(runs.calls().filter((call) => !call.startsWith('GET') && !call.includes('auth.test'))).toEqual([]);
  });

  test('refuses outside of the window with the minutes, and still looks at everything else', async () => {
    runs.clock.set('2026-11-21T17:15:00Z');
    night.answerWith({ Pingdom: refuse(403) });
    const { outcome, outputs, shown } = await night.run(preMaintenance);
    expect(outcome.ok).toBe(false);
    expect(shown).toMatch(/there are 2 problems/);
    expect(shown).toMatch(/begins at 2026-11-21 18:00 UTC, in 45 min/);
    expect(shown).toMatch(/Pingdom answered 403/);
    expect(outputs.session).toBeUndefined();
  });

  test('runs on any day before with check-only, opening no session', async () => {
    runs.clock.set('2026-11-03T09:00:00Z');
    const { outcome, outputs } = await night.run(preMaintenance, { 'check-only': 'true' });
    expect(outcome).toEqual({ ok: true });
    expect(outputs.session).toBeUndefined();
    expect(outputs.digest).toMatch(/^[0-9a-f]{64}$/);
  });

  test('refuses a tool of the wrong version and one that is not there', async () => {
    night.write(
      'window.yaml',
      `${WINDOW}tools: [{ name: node, version: "<1" }, { name: no-such-tool, version: "1" }]\n`,
    );
    const { outcome, shown } = await night.run(preMaintenance);
    expect(outcome.ok).toBe(false);
    expect(shown).toMatch(/node is \d+\.\d+\.\d+ and must be <1/);
    expect(shown).toMatch(/no-such-tool is not installed/);
  });

  test('names every secret that the window needs and was not given', async () => {
    const { shown } = await night.run(preMaintenance, {
      'cloudflare-token': undefined as never,
      'slack-token': undefined as never,
    });
    expect(shown).toMatch(/Not given: cloudflare-token/);
    expect(shown).toMatch(/Not given: slack-token/);
  });
});

describe('starting-maintenance', () => {
  test('tells, silences and shows the page, in that order', async () => {
    const given = await opened();
    night.answerWith({});
    await night.run(startingMaintenance, given);
    const writes = runs
      .calls()
      .filter((call) => /^(POST|PATCH|PUT)/.test(call))
      .map((call) => call.replace(/\/zones\/\w+/, ''));
    expect(writes).toEqual([
      'POST slack.com/api/chat.postMessage 200',
      'POST api.pingdom.com/api/3.1/maintenance 200',
      expect.stringContaining('/dns_records/batch 200'),
      expect.stringContaining('/purge_cache 200'),
    ]);
    expect(night.leftovers()).toHaveLength(3);
  });

  test('changes nothing the second time, and purges once more since a purge leaves no trace', async () => {
    const given = await started();
    night.answerWith({});
    const { outcome } = await night.run(startingMaintenance, given);
    expect(outcome).toEqual({ ok: true });
    expect(runs.calls().filter((call) => call.startsWith('POST') && !/slack\.com|purge_cache/.test(call))).toEqual([]);
  });

  test('refuses when the window file changed after the approval, and tells nobody', async () => {
    const given = await opened();
    night.write('window.yaml', WINDOW.replace('[4711]', '[4711, 4712]'));
    night.answerWith({});
    const { outcome, shown } = await night.run(startingMaintenance, given);
    expect(outcome.ok).toBe(false);
    expect(shown).toMatch(/What was approved has changed since/);
    expect(runs.calls()).toEqual([]);
  });

  test('refuses after the end of the window', async () => {
    const given = await opened();
    runs.clock.set('2026-11-22T06:00:00Z');
    const { outcome, shown } = await night.run(startingMaintenance, given);
    expect(outcome.ok).toBe(false);
    expect(shown).toMatch(/may not start now/);
  });

  test('tells nobody when the plan already shows that the page will be refused', async () => {
    const given = await opened();
    night.answerWith({
      Cloudflare: (request) =>
        request.url.pathname.endsWith('/zones')
          ? {
              status: 200,
              body: { success: true, result: [], errors: [], messages: [], result_info: { page: 1, total_pages: 1 } },
            }
          : undefined,
    });
    const { outcome } = await night.run(startingMaintenance, given);
    expect(outcome.ok).toBe(false);
    expect(runs.calls().filter((call) => call.includes('slack.com'))).toEqual([]);
  });

  test('takes everything back in reverse when the page cannot be shown, and says so to the channel', async () => {
    const given = await opened();
    const before = night.stateOf('Cloudflare');
    night.answerWith({
      Cloudflare: (request) => (request.url.pathname.endsWith('/batch') ? refuse(400)() : undefined),
    });
    const { outcome, shown } = await night.run(startingMaintenance, given);
    expect(outcome.ok).toBe(false);
    expect(shown).toMatch(/What had been done was taken back/);
    // The evidence says it of the silence, too, which is no longer in force.
    expect(shown).toMatch(/4711[^\n]*put back/);
    expect(night.leftovers()).toEqual([]);
    expect(night.stateOf('Cloudflare')).toBe(before);
    expect(night.stateOf('Slack')).toMatch(/could not begin/);
  });
});

describe('finish-maintenance', () => {
  test('takes the page away when the smoke tests passed, and leaves nothing of the session', async () => {
    const before = night.stateOf('Cloudflare');
    const { session } = await started();
    const { outcome, outputs, shown } = await night.run(finishMaintenance, { session, 'smoke-tests': 'success' });
    expect(outcome, shown).toEqual({ ok: true });
    expect(outputs).toMatchObject({ outcome: 'success', leftovers: '' });
    expect(night.leftovers()).toEqual([]);
    const records = (state: string) => state.replace(/"(modified|created)[^,}]*/g, '').replace(/"id":"[^"]*"/g, '');
    expect(records(night.stateOf('Cloudflare') ?? '')).toBe(records(before ?? ''));
  });

  test('keeps the page and the silence after failed smoke tests, fails and lists what is left', async () => {
    const { session } = await started();
    const { outcome, outputs, shown } = await night.run(finishMaintenance, { session, 'smoke-tests': 'Failed' });
    expect(outcome.ok).toBe(false);
    expect(outputs.outcome).toBe('failure');
    expect(outputs.leftovers?.split('\n')).toHaveLength(3);
    expect(shown).toMatch(/The page stays because the smoke tests did not pass/);
    expect(night.stateOf('Slack')).toMatch(/www\.example\.com/);
    const again = await night.run(finishMaintenance, { session, page: 'remove', outcome: 'failure' });
    expect(again.outcome).toEqual({ ok: true });
    expect(night.leftovers()).toEqual([]);
  });

  test('tells the channel although the page could not be taken away, and keeps the silence with it', async () => {
    const { session } = await started();
    night.answerWith({
      Cloudflare: (request) => (request.url.pathname.endsWith('/batch') ? refuse(403)() : undefined),
    });
    const { outcome, outputs, shown } = await night.run(finishMaintenance, { session, 'smoke-tests': 'passed' });
    expect(outcome.ok).toBe(false);
    expect(outputs.outcome).toBe('failure');
    expect(shown).toMatch(/lacks DNS Write/);
    expect(outputs.leftovers?.split('\n')).toHaveLength(3);
    expect(night.stateOf('Slack')).toMatch(/not finished as planned/);
  });

  test('gives everything back after failed smoke tests where there is no page to keep up', async () => {
    night.write('window.yaml', WINDOW.replace(/^page:.*\n/m, ''));
    const { session } = await started();
    const { outcome, outputs } = await night.run(finishMaintenance, { session, 'smoke-tests': 'failure' });
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ outcome: 'failure', leftovers: '' });
    expect(night.leftovers()).toEqual([]);
  });

  test('lists what is left elsewhere although one system cannot be looked at, and calls no such night a success', async () => {
    const { session } = await started();
    night.answerWith({
      Pingdom: refuse(403),
      Cloudflare: (request) => (request.method === 'POST' ? refuse(403)() : undefined),
    });
    const { outcome, outputs, shown } = await night.run(finishMaintenance, { session, 'smoke-tests': 'passed' });
    expect(outcome.ok).toBe(false);
    expect(outputs.outcome).toBe('failure');
    expect(shown).toMatch(/Left of the session:[\s\S]*www\.example\.com[\s\S]*Monitoring: could not be looked at/);
    expect(night.stateOf('Slack')).toMatch(/not finished as planned/);
  });

  test('writes the night as JSON, Markdown and one page that needs nothing else', async () => {
    const { session } = await started();
    const { outputs } = await night.run(finishMaintenance, { session, 'smoke-tests': 'passed' });
    const folder = join(runs.workingFolder, 'maintenance-evidence');
    const names = readdirSync(folder).filter((name) => name.startsWith('maintenance-report'));
    expect(names.sort()).toEqual(['html', 'json', 'md'].map((ending) => `maintenance-report-${session}.${ending}`));
    const page = readFileSync(outputs.report as string, 'utf8');
    expect(page).toMatch(/starting-maintenance/);
    expect(page).toMatch(/www\.example\.com/);
    expect(page).not.toMatch(/<script|<link|<img|src=/);
    const { report } = JSON.parse(readFileSync(join(folder, `maintenance-report-${session}.json`), 'utf8'));
    expect(report.records.map(({ task }: { task: string }) => task)).toEqual([
      'pre-maintenance',
      'starting-maintenance',
    ]);
  });
});

describe('sweep', () => {
  test('puts back what a session left, though its window is not over, when it is named', async () => {
    const { session } = await started();
    const { outcome, outputs } = await night.run(sweep, { session });
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ left: '0', sessions: session });
    expect(night.leftovers()).toEqual([]);
  });

  test('leaves running sessions alone, and sweeps them once their window is over longer than the grace', async () => {
    await started();
    runs.clock.set('2026-11-22T07:59:00Z');
    expect((await night.run(sweep)).outputs.sessions).toBe('');
    // The silence ended by itself with the window; the page did not.
    expect(night.leftovers()).toHaveLength(2);
    runs.clock.set('2026-11-22T08:00:00Z');
    expect((await night.run(sweep)).outcome).toEqual({ ok: true });
    expect(night.leftovers()).toEqual([]);
  });

  test('only lists with dry-run, as a warning', async () => {
    const { session } = await started();
    const { outcome, outputs, warnings } = await night.run(sweep, { session, 'dry-run': 'true' });
    expect(outcome).toEqual({ ok: true });
    expect(outputs.left).toBe('3');
    expect(warnings.join('\n')).toMatch(/www\.example\.com/);
    expect(night.leftovers()).toHaveLength(3);
  });

  test('sweeps the other systems although one of them fails, and says what is left', async () => {
    const { session } = await started();
    night.answerWith({
      Cloudflare: (request) => (request.url.pathname.endsWith('/batch') ? refuse(403)() : undefined),
    });
    const { outcome, shown } = await night.run(sweep, { session });
    expect(outcome.ok).toBe(false);
    expect(night.leftovers().join('\n')).not.toMatch(/Pingdom|4711/);
    expect(shown).toMatch(/Left \(2 of 3\)/);
  });

  test('sweeps the other systems although one cannot even be looked at', async () => {
    const { session } = await started();
    night.answerWith({ Pingdom: refuse(403) });
    const { outcome, shown } = await night.run(sweep, { session });
    expect(outcome.ok).toBe(false);
    expect(shown).toMatch(/Pingdom answered 403/);
    expect(night.leftovers().join('\n')).not.toMatch(/www\.example\.com/);
  });

  test('asks for at least one credential', async () => {
    const { shown } = await runs.run(sweep, {});
    expect(shown).toMatch(/Give a window file, or cloudflare-token/);
  });
});
