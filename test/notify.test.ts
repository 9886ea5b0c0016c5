import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createHttp, Report } from '@maintenance-tasks/core';
import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import { slackStandIn } from '@maintenance-tasks/rehearsal/stand-ins/slack';
import { teamsStandIn } from '@maintenance-tasks/rehearsal/stand-ins/teams';
import { webhookStandIn } from '@maintenance-tasks/rehearsal/stand-ins/webhook';
import { checkAccess } from '@maintenance-tasks/tasks/notify/announce';
import task from '@maintenance-tasks/tasks/notify/task';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const CHANNEL = 'C0123456789';
const SECRETS = {
  'slack-token': 'xoxb-1-secret',
  'slack-webhook': 'https://hooks.slack.com/services/T000/B000/secretpart',
  // %2F and + must arrive as they are.
  'teams-webhook':
    'https://prod-01.westeurope.logic.azure.com:443/workflows/abc/triggers/manual/paths/invoke?api-version=2016-06-01&sp=%2Ftriggers%2Fmanual%2Frun&sv=1.0&sig=aB%2Fc+d%3D_-x',
  'webhook-url': 'https://hooks.example.com/maintenance?key=verysecret',
  'webhook-secret': 'signing-key-1',
};
const ALL = `
- { kind: slack, channel: ${CHANNEL} }
- { kind: slack-webhook }
- { kind: teams }
- { kind: webhook }
`;
const BOT = `- { kind: slack, channel: ${CHANNEL} }`;

let runs: TaskRuns;
let slack: ReturnType<typeof slackStandIn>;
let teams: ReturnType<typeof teamsStandIn>;
let webhook: ReturnType<typeof webhookStandIn>;

beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());
beforeEach(() => {
  rmSync(join(runs.workingFolder, 'maintenance-evidence'), { recursive: true, force: true });
  world();
});

function world(seed: Partial<Parameters<typeof slackStandIn>[0]> = {}): void {
  runs.clock.set(START);
  slack = slackStandIn(
    {
      token: SECRETS['slack-token'],
      channels: [
        { id: CHANNEL, name: 'maintenance' },
        { id: 'C0000000002', name: 'private', private: true, member: false },
        { id: 'C0000000003', name: 'elsewhere', member: false },
        { id: 'C0000000004', name: 'by-webhook' },
      ],
      webhooks: [{ url: SECRETS['slack-webhook'], channel: 'C0000000004' }],
      ...seed,
    },
    runs.clock,
  );
  teams = teamsStandIn({ workflows: [{ url: SECRETS['teams-webhook'] }] }, runs.clock);
  webhook = webhookStandIn({ url: SECRETS['webhook-url'], secret: SECRETS['webhook-secret'] }, runs.clock);
  failing(() => undefined);
}

function failing(fault: (call: CallStart) => Fault | undefined): void {
  runs.use([slack, teams, webhook], { fault });
}

const tell = (event: string, channels: string, more: Record<string, string> = {}) =>
  runs.run(task, { event, channels, session: SESSION, ...SECRETS, ...more });

interface Shown {
  channels: {
    channel: string;
    messages: {
      ts: string;
      text: string;
      blocks: string[];
      edited: number;
      alarms: boolean;
      thread: { text: string }[];
    }[];
  }[];
}
const messages = (index = 0) => (slack.state() as Shown).channels[index]?.messages ?? [];
const cards = () => (teams.state() as { cards: { shown: string }[] }).cards.map(({ shown }) => shown);
const events = () =>
  (webhook.state() as { events: { key: string; type: string; data: object; received: number }[] }).events;
const messageOf = (outcome: object) => (outcome as { message: string }).message;

describe('notify', () => {
  test('tells every kind of channel', async () => {
    const { outcome, outputs } = await tell('starting', ALL, {
      title: 'Release 4.12',
      starts: '2026-11-22 01:30 UTC',
      details: 'Release: 4.12.0',
    });
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toEqual({ 'failed-channels': '', 'slack-thread': `${CHANNEL}:${messages()[0]?.ts}` });
    expect(messages()).toMatchObject([{ text: 'Release 4.12: starting now', thread: [], edited: 0 }]);
    expect(messages(3)).toHaveLength(1);
    for (const text of [messages()[0]?.blocks.join('\n'), cards()[0]]) {
      expect(text).toContain('2026-11-22 01:30 UTC');
      // The end stands in the session's id.
      expect(text).toContain('2026-11-22 02:30 UTC');
      expect(text).toContain('4.12.0');
    }
    expect(cards()).toHaveLength(1);
    expect(cards()[0]).toContain('keep your own backups');
    expect(events()).toMatchObject([
      { type: 'maintenance-tasks.window.starting', data: { session: SESSION, title: 'Release 4.12' }, received: 1 },
    ]);
  });

  test('keeps one Slack message a session up to date, with a thread under it', async () => {
    const first = await tell('starting', BOT);
    await tell('in-progress', BOT, { 'slack-thread': first.outputs['slack-thread'] ?? '' });
    const last = await tell('finished', BOT, { 'slack-thread': first.outputs['slack-thread'] ?? '' });
    expect(last.outputs['slack-thread']).toBe(first.outputs['slack-thread']);
    expect(messages()).toMatchObject([
      {
        text: 'Planned maintenance: finished',
        edited: 2,
        thread: [{ text: 'Planned maintenance: in progress' }, { text: 'Planned maintenance: finished' }],
      },
    ]);
    expect(messages()[0]?.blocks[0]).toBe('Planned maintenance: finished');
  });

  test('finds the message of the session in its evidence', async () => {
    await tell('starting', BOT);
    await tell('finished', BOT);
    expect(messages()).toMatchObject([{ edited: 1, thread: [{ text: 'Planned maintenance: finished' }] }]);
    await tell('starting', BOT, { session: 'mw-202611230230-z9wp' });
    expect(messages()).toHaveLength(2);
  });

  test('says that it begins a new message when none of the session is known', async () => {
    const { shown } = await tell('finished', BOT);
    expect(shown).toContain('no earlier message of this session is known');
    expect(messages()).toHaveLength(1);
  });

  test('begins a new message when the first one is gone', async () => {
    const { outcome, outputs, shown } = await tell('finished', BOT, { 'slack-thread': `${CHANNEL}:1000000000.000001` });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('the first message of this session is gone');
    expect(outputs['slack-thread']).toBe(`${CHANNEL}:${messages()[0]?.ts}`);
  });

  test('is not misled by damaged evidence', async () => {
    mkdirSync(join(runs.workingFolder, 'maintenance-evidence'));
    writeFileSync(join(runs.workingFolder, 'maintenance-evidence', '20261122T000000000-notify.json'), '{ not json');
    expect((await tell('finished', BOT)).outcome).toEqual({ ok: true });
  });

  test('goes on when a channel fails, and names it', async () => {
    const channels = `${ALL}- { kind: slack, channel: C0000000003 }\n`;
    failing(({ host }) => (host.endsWith('logic.azure.com') ? { status: 500 } : undefined));
    const { outcome, outputs, warnings } = await tell('starting', channels);
    expect(outcome).toEqual({ ok: true });
    expect(outputs['failed-channels']).toBe('teams\nslack C0000000003');
    expect(warnings.join()).toContain('may have been posted');
    expect(warnings.join()).toContain('Invite the bot to the channel');
    expect(messages()).toHaveLength(1);
    expect(events()).toHaveLength(1);
  });

  test('fails for a required channel, after telling all others', async () => {
    const channels = `- { kind: slack, channel: C0000000003, required: true }\n- { kind: teams }\n- { kind: webhook }`;
    const { outcome } = await tell('starting', channels);
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect(messageOf(outcome)).toContain(
      'slack C0000000003 is required and was not told: Slack refused: not_in_channel.',
    );
    expect(cards()).toHaveLength(1);
    expect(events()).toHaveLength(1);
  });

  test.each([
    ['a private channel that the bot is not in', `- { kind: slack, channel: C0000000002 }`, {}, 'channel_not_found'],
    ['a token of nobody', BOT, { 'slack-token': 'xoxb-other' }, 'invalid_auth'],
  ])('says what to do about %s', async (_, channels, secrets, code) => {
    const { warnings } = await tell('starting', channels, secrets);
    expect(warnings[0]).toMatch(new RegExp(`Slack refused: ${code}\\. (Check|Invite)`));
  });

  test.each([
    ['a disabled Slack webhook', 'slack-webhook', {}, /answered 404: no_service\. The webhook is disabled/],
    [
      'a Slack webhook of nobody',
      'slack-webhook',
      { 'slack-webhook': 'https://hooks.slack.com/services/T1/B1/x' },
      /no_team/,
    ],
    [
      'a Teams address whose signature was changed',
      'teams',
      { 'teams-webhook': SECRETS['teams-webhook'].replace('%2Fc', '/c') },
      /workflow answered 401\. Copy teams-webhook again/,
    ],
    [
      'a Teams workflow that is gone',
      'teams',
      { 'teams-webhook': SECRETS['teams-webhook'].replace('/abc/', '/gone/') },
      /answered 404\. The workflow is turned off or was deleted/,
    ],
    [
      'a signing key that the receiver does not have',
      'webhook',
      { 'webhook-secret': 'other-key' },
      /answered 401\. Check that webhook-secret/,
    ],
    [
      'an address where nobody receives',
      'webhook',
      { 'webhook-url': 'https://hooks.example.com/other' },
      /answered 404\. Check webhook-url/,
    ],
  ])('says what to do about %s', async (_, kind, secrets, expected) => {
    world({ webhooks: [{ url: SECRETS['slack-webhook'], channel: 'C0000000004', disabled: true }] });
    const { outputs, warnings } = await tell('starting', `- { kind: ${kind} }`, secrets);
    expect(outputs['failed-channels']).toBe(kind);
    expect(warnings[0]).toMatch(expected);
  });

  test('says which scope the bot lacks', async () => {
    world({ scopes: [] });
    expect((await tell('starting', BOT)).warnings[0]).toContain('Give the app the bot scope chat:write');
  });

  test.each(['lost', 'hang-up'])('does not post twice when it cannot know whether it did (%s)', async (kind) => {
    failing(({ path }) =>
      path.includes('chat.postMessage') ? (kind === 'lost' ? 'lost' : { status: 502 }) : undefined,
    );
    const { outputs, warnings } = await tell('starting', BOT);
    expect(outputs['failed-channels']).toBe(`slack ${CHANNEL}`);
    expect(runs.calls().filter((call) => call.includes('chat.postMessage'))).toHaveLength(1);
    expect(warnings[0]).toMatch(/may have been posted|not known whether/);
  });

  test('delivers an event again when its answer was lost, and the receiver drops the duplicate', async () => {
    let lost = false;
    failing(({ host }) => {
      if (host !== 'hooks.example.com' || lost) return undefined;
      lost = true;
      return 'lost';
    });
    expect((await tell('starting', '- { kind: webhook }')).outputs['failed-channels']).toBe('');
    await tell('starting', '- { kind: webhook }');
    expect(events()).toMatchObject([{ received: 3 }]);
    await tell('starting', '- { kind: webhook }', { message: 'Something else.' });
    expect(events()).toHaveLength(2);
  });

  test('waits as Slack asks when it tells too often', async () => {
    for (let count = 0; count < 6; count++)
      expect((await tell('in-progress', BOT)).outputs['failed-channels']).toBe('');
    const [message] = messages();
    expect(message?.thread).toHaveLength(5);
    expect(runs.clock.now().getTime()).toBeGreaterThan(Date.parse(START));
  });

  test('does not keep the window waiting for a channel that wants many minutes', async () => {
    failing(() => ({ status: 429, retryAfter: 600 }));
    const { outcome, outputs } = await tell('starting', ALL);
    expect(outcome).toEqual({ ok: true });
    expect(outputs['failed-channels']?.split('\n')).toHaveLength(4);
    expect(runs.clock.now().getTime()).toBe(Date.parse(START));
  });

  test('neither alarms everybody nor lets Markdown in', async () => {
    await tell('starting', `${BOT}\n- { kind: teams }`, {
      title: '<!channel> & more',
      message: '<!here> look at [this](https://evil.example.com) <https://evil.example.com|bill>',
      details: 'Who: <!everyone>',
      disclaimer: '<!channel>',
    });
    expect(messages()[0]?.alarms).toBe(false);
    expect(messages()[0]?.text).toBe('&lt;!channel&gt; &amp; more: starting now');
    expect(cards()[0]).toContain('[this](https://evil.example.com)');
  });

  test('fits the longest texts into every channel', async () => {
    const long = '<😀&"'.repeat(5_000);
    const details = Array.from({ length: 30 }, (_, index) => `name${index}: ${long}`).join('\n');
    const { outputs } = await tell('starting', ALL, {
      title: long,
      message: long,
      details,
      disclaimer: long,
      starts: long,
    });
    expect(outputs['failed-channels']).toBe('');
    expect(cards()[0]).not.toContain('the flow failed');
  });

  test('tells only the channels that want the event', async () => {
    const channels = `- { kind: slack, channel: ${CHANNEL}, events: [failed] }\n- { kind: webhook, events: [finished] }`;
    await tell('finished', channels, { 'slack-token': '' });
    expect(messages()).toEqual([]);
    expect(events()).toHaveLength(1);
  });

  test('shows the plan and tells nobody in a dry run', async () => {
    const { outcome, shown } = await tell('starting', ALL, { 'dry-run': 'true' });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain(`slack ${CHANNEL} is told: not told → Planned maintenance: starting now`);
    expect(runs.calls()).toEqual([]);
  });

  test('names all missing secrets at once, and refuses retired connectors', async () => {
    const { outcome } = await runs.run(task, {
      event: 'starting',
      channels: ALL,
      session: SESSION,
      'teams-webhook': 'https://example.webhook.office.com/webhookb2/abc/IncomingWebhook/def',
    });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    for (const name of ['slack-token', 'slack-webhook', 'webhook-url', 'retired'])
      expect(messageOf(outcome)).toContain(name);
    expect(messageOf(outcome)).not.toContain('webhookb2');
  });

  test('refuses channels that are named, not identified, and channels named twice', async () => {
    const { outcome } = await tell(
      'starting',
      `- { kind: slack, channel: '#maintenance' }\n- { kind: teams }\n- { kind: teams }`,
    );
    expect(messageOf(outcome)).toContain('is not a channel id such as C0123456789');
    expect(messageOf((await tell('starting', '- { kind: teams }\n- { kind: teams }')).outcome)).toContain(
      'teams is there twice',
    );
  });

  test('shows no address and no token, whatever happens', async () => {
    const secrets = ['xoxb-1-secret', 'secretpart', 'aB%2Fc+d', 'verysecret', 'signing-key-1', '/workflows/abc'];
    for (const fault of [undefined, 'reset', 'lost', { status: 403 }] as const) {
      failing(() => fault);
      const { shown } = await tell('starting', ALL);
      for (const secret of secrets) expect(shown).not.toContain(secret);
    }
    for (const file of readdirSync(join(runs.workingFolder, 'maintenance-evidence'))) {
      const text = readFileSync(join(runs.workingFolder, 'maintenance-evidence', file), 'utf8');
      for (const secret of secrets) expect(text).not.toContain(secret);
    }
  });

  test('checks Slack’s token without posting, and says what cannot be tried', async () => {
    const notes = new Report(() => {});
    const channels = [
      { kind: 'slack' as const, channel: CHANNEL, required: false },
      { kind: 'teams' as const, required: false },
    ];
    const secrets = { slackToken: 'xoxb-other', teamsWebhook: SECRETS['teams-webhook'] };
    const problems = await checkAccess(context(notes), { channels, secrets });
    expect(problems).toEqual([expect.stringContaining('invalid_auth')]);
    expect(notes.notes).toEqual(['Not tried, because it would post: teams.']);
    const right = { ...secrets, slackToken: SECRETS['slack-token'] };
    expect(await checkAccess(context(new Report(() => {})), { channels, secrets: right })).toEqual([]);
    expect(messages()).toEqual([]);
  });
});

function context(report: Report) {
  const signal = new AbortController().signal;
  return {
    clock: runs.clock,
    signal,
    report,
    run: {},
    clean: (text: string) => text,
    keepSecret: () => {},
    workingFolder: runs.workingFolder,
    http: createHttp({
      clock: runs.clock,
      signal,
      deadline: new Date(runs.clock.now().getTime() + 900_000),
      userAgent: 'maintenance-tasks/test',
      debug: () => {},
      info: () => {},
      environment: process.env,
    }),
    log: {
      debug: () => {},
      info: () => {},
      warning: () => {},
      progress: () => {},
      group: <T>(_: string, work: () => Promise<T>) => work(),
    },
  };
}
