import { createHttp, Report } from '@maintenance-tasks/core';
import type { CallStart, Fault } from '@maintenance-tasks/rehearsal/fault';
import type { StandIn } from '@maintenance-tasks/rehearsal/stand-in';
import { githubStandIn } from '@maintenance-tasks/rehearsal/stand-ins/github';
import { jiraStandIn } from '@maintenance-tasks/rehearsal/stand-ins/jira';
import { servicenowStandIn } from '@maintenance-tasks/rehearsal/stand-ins/servicenow';
import { zendeskStandIn } from '@maintenance-tasks/rehearsal/stand-ins/zendesk';
import { checkTickets } from '@maintenance-tasks/tasks/ticket/check';
import task from '@maintenance-tasks/tasks/ticket/task';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TaskRuns, taskRuns } from './in-process-run.ts';

const START = '2026-11-22T00:30:00Z';
const SESSION = 'mw-202611220230-k7qx';
const MARK = `Maintenance session ${SESSION}`;
const SECRETS = {
  'jira-user': 'release.manager@example.com',
  'jira-token': 'secret-jira-token',
  'github-token': 'secret-github-token',
  'servicenow-user': 'maintenance',
  'servicenow-password': 'secret-servicenow-password',
  'zendesk-user': 'release.manager@example.com',
  'zendesk-token': 'secret-zendesk-token',
};
const ENCODED = [
  `${SECRETS['jira-user']}:${SECRETS['jira-token']}`,
  `${SECRETS['servicenow-user']}:${SECRETS['servicenow-password']}`,
  `${SECRETS['zendesk-user']}/token:${SECRETS['zendesk-token']}`,
].map((pair) => Buffer.from(pair).toString('base64'));

const JIRA = { system: 'jira', ticket: 'PLAT-1353', address: 'https://example.atlassian.net', visibility: 'internal' };
const GITHUB = { system: 'github', ticket: 'example-org/gateway#12', visibility: 'public' };
const SERVICENOW = {
  system: 'servicenow',
  ticket: 'CHG0030001',
  address: 'https://example.service-now.com',
  visibility: 'internal',
};
const ZENDESK = { system: 'zendesk', ticket: '4711', address: 'https://example.zendesk.com', visibility: 'internal' };

let runs: TaskRuns;
let standIns: StandIn[];
beforeAll(async () => {
  runs = await taskRuns(START);
});
afterAll(() => runs.close());

function use(standIn: StandIn, fault?: (call: CallStart) => Fault | undefined): void {
  runs.clock.set(START);
  standIns = [standIn];
  runs.use(standIns, { fault });
}

async function run(given: Readonly<Record<string, string>>) {
  const result = await runs.run(task, { session: SESSION, ...SECRETS, ...given });
  for (const secret of [...Object.values(SECRETS).filter((each) => each.startsWith('secret')), ...ENCODED])
    expect(result.shown).not.toContain(secret);
  return result;
}

const textOf = (outcome: object) => (outcome as { message?: string }).message ?? '';
const writes = () => runs.calls().filter((call) => !call.startsWith('GET'));
const shown = () => (standIns[0] as StandIn).state();
function lose(what: RegExp): (call: CallStart) => Fault | undefined {
  let isLost = false;
  return ({ method, path }) => {
    if (isLost || !what.test(`${method} ${path}`)) return undefined;
    isLost = true;
    return 'lost';
  };
}

describe('ticket in Jira', () => {
  interface Shown {
    issues: {
      key: string;
      status: string;
      'fix versions': string[];
      comments: { text: string; for: string; edited: number }[];
    }[];
    'comments deleted': number;
  }
  const state = () => shown() as Shown;
  const issue = () => state().issues[0] as Shown['issues'][number];
  const world = (
    seed: Parameters<typeof jiraStandIn>[0] = {},
    type: 'software' | 'service_desk' = 'service_desk',
    fault?: (call: CallStart) => Fault | undefined,
  ) =>
    use(
      jiraStandIn(
        {
          token: SECRETS['jira-token'],
          projects: [{ key: 'PLAT', type, versions: ['2.102.0'] }],
          issues: [{ key: 'PLAT-1353' }],
          ...seed,
        },
        runs.clock,
      ),
      fault,
    );

  test.each([
    ['internal', 'staff'],
    ['public', 'customers'],
  ])(
    'writes an %s comment for %s on a service desk, moves the issue and gives it its version',
    async (visibility, audience) => {
      world();
      const { outcome, outputs } = await run({
        ...JIRA,
        visibility,
        event: 'commencing',
        state: 'In Progress',
        'fix-version': '2.102.0',
      });
      expect(outcome).toEqual({ ok: true });
      expect(outputs).toEqual({
        state: 'In Progress',
        url: 'https://example.atlassian.net/browse/PLAT-1353',
        comment: 'written',
      });
      expect(issue()).toMatchObject({
        status: 'In Progress',
        'fix versions': ['2.102.0'],
        comments: [{ for: audience, edited: 0, text: expect.stringContaining(`${MARK} (commencing)`) }],
      });
      expect(issue().comments[0]?.text).toContain('keep your own backups');
      // Where the run can be seen is nothing for customers.
      expect(issue().comments[0]?.text.includes('https://ci.example.com')).toBe(visibility === 'internal');
    },
  );

  test('does nothing the second time, and gives the one comment other words when they changed', async () => {
    world();
    const wish = { ...JIRA, event: 'in-progress', state: 'In Progress', 'fix-version': '2.102.0' };
    await run(wish);
    use(standIns[0] as StandIn);
    const again = await run(wish);
    expect(again.outputs.comment).toBe('unchanged');
    expect(writes()).toEqual([]);
    const changed = await run({ ...wish, comment: 'Two of three hosts are patched.' });
    expect(changed.outputs.comment).toBe('updated');
    expect(issue().comments).toMatchObject([{ edited: 1, for: 'staff' }]);
    expect(issue().comments[0]?.text).toContain('Two of three');
  });

  test('deletes a comment at once that became public against its will', async () => {
    world({ agent: false });
    const { outcome } = await run({ ...JIRA, event: 'commencing', state: 'In Progress' });
    // By the answer itself: no second is lost by reading it again.
    const [written = '', next = ''] = runs
      .calls()
      .filter((_, index, calls) => /^(POST|DELETE)/.test(calls[index] ?? '') || /^POST/.test(calls[index - 1] ?? ''));
    expect([written.split(' ')[0], next.split(' ')[0]]).toEqual(['POST', 'DELETE']);
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(textOf(outcome)).toContain('deleted at once');
    expect(state()).toMatchObject({ issues: [{ comments: [] }], 'comments deleted': 1 });
  });

  test('refuses to take an internal comment for a public one', async () => {
    world();
    await run({ ...JIRA, event: 'commencing' });
    const { outcome } = await run({ ...JIRA, visibility: 'public', event: 'commencing' });
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(issue().comments).toMatchObject([{ for: 'staff' }]);
  });

  test.each(['Cloud', 'Server'] as const)(
    'keeps words as they are on %s, whatever markup they look like',
    async (deployment) => {
      world({ deployment });
      const words = 'C:\\temp {html}<b>x</b>{html} [~admin] *bold* -struck- h1. @all_users | ~x~ # 1';
      const wish = { ...JIRA, comment: words, ...(deployment === 'Server' && { 'jira-user': '' }) };
      expect((await run(wish)).outcome).toEqual({ ok: true });
      const [comment] = issue().comments;
      if (deployment === 'Cloud') expect(comment?.text).toContain(words);
      else {
        expect(comment?.text).not.toMatch(/(?<!\\)[{[*|]/);
        expect(comment?.text).toContain('\\[\\~admin\\]');
        expect(comment?.text).not.toContain('\\\\');
      }
      // Read back, it is the same again.
      expect((await run(wish)).outputs.comment).toBe('unchanged');
    },
  );

  test('goes by the name of a transition, too, and knows afterwards that it went', async () => {
    world();
    expect((await run({ ...JIRA, state: 'start work' })).outputs.state).toBe('In Progress');
    use(standIns[0] as StandIn);
    expect((await run({ ...JIRA, state: 'start work' })).outcome).toEqual({ ok: true });
    expect(writes()).toEqual([]);
  });

  test.each([
    [{ state: 'Closed' }, /cannot go to "Closed" from there; it can go to In Progress \(by Start work\)/],
    [{ 'fix-version': '9.9' }, /has no version 9\.9/],
    [{ ticket: 'PLAT-9' }, /Jira has no ticket PLAT-9/],
    [{ 'jira-token': 'wrong' }, /Jira answered 401.*Check jira-user and jira-token/],
  ])('changes nothing for %j', async (given, why) => {
    world();
    const { outcome } = await run({ ...JIRA, state: 'In Progress', ...given });
    expect(outcome.ok).toBe(false);
    expect(textOf(outcome)).toMatch(why);
    expect(writes()).toEqual([]);
  });

  test('says which fields keep it from a transition', async () => {
    world({ transitions: [{ name: 'Close', to: 'Closed', requires: ['resolution'] }] });
    const { outcome } = await run({ ...JIRA, state: 'Closed' });
    expect(textOf(outcome)).toContain('only with resolution');
  });

  test('writes no second comment and goes no second way when an answer is lost', async () => {
    world({}, 'service_desk', lose(/POST .*comment/));
    expect((await run({ ...JIRA, event: 'ended' })).outcome).toEqual({ ok: true });
    expect(issue().comments).toHaveLength(1);
    world({}, 'service_desk', lose(/POST .*transitions/));
    expect((await run({ ...JIRA, state: 'In Progress' })).outcome).toEqual({ ok: true });
    expect(writes()).toHaveLength(1);
  });

  test('notes that outside of service desks nothing is internal', async () => {
    world({}, 'software');
    const { outcome, shown } = await run({ ...JIRA, event: 'commencing' });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('is in no service desk: all who may see it read its comments');
  });

  test('writes nothing in a dry run', async () => {
    world();
    const { outcome, shown } = await run({ ...JIRA, event: 'commencing', state: 'In Progress', 'dry-run': 'true' });
    expect(outcome).toEqual({ ok: true });
    expect(shown).toContain('internal comment on PLAT-1353: none → Planned maintenance: commencing now');
    expect(writes()).toEqual([]);
  });
});

describe('ticket on GitHub', () => {
  interface Shown {
    issues: { issue: string; state: string; comments: { by: string; text: string; edited: number }[] }[];
  }
  const issue = () => (shown() as Shown).issues[0] as Shown['issues'][number];
  const world = (
    seed: object = {},
    login = 'release-manager',
    fault?: (call: CallStart) => Fault | undefined,
    more: object = {},
  ) =>
    use(
      githubStandIn(
        {
          token: SECRETS['github-token'],
          login,
          repositories: [{ name: 'example-org/gateway', issues: [{ number: 12, ...seed }] }],
          ...more,
        },
        runs.clock,
      ),
      fault,
    );

  test.each(['release-manager', 'github-actions[bot]'])('keeps one comment up to date as %s', async (login) => {
    world({}, login);
    const wish = { ...GITHUB, event: 'in-progress', state: 'closed' };
    expect((await run(wish)).outputs).toEqual({
      state: 'closed',
      url: 'https://github.com/example-org/gateway/issues/12',
      comment: 'written',
    });
    expect(issue()).toMatchObject({ state: 'closed', comments: [{ by: login, edited: 0 }] });
    use(standIns[0] as StandIn);
    expect((await run(wish)).outputs.comment).toBe('unchanged');
    expect(writes()).toEqual([]);
    await run({ ...wish, comment: 'Half is done, @everyone. <!-- x' });
    expect(issue().comments).toMatchObject([{ edited: 1 }]);
    expect(issue().comments[0]?.text).toContain('Half is done, @<!-- -->everyone. &lt;!-- x');
    expect(issue().comments[0]?.text).toContain(`<!-- ${MARK} (in-progress) -->`);
  });

  test('leaves the comment of somebody who quotes ours alone, on whichever page it is', async () => {
    const quoted = { by: 'somebody', body: `> <!-- ${MARK} (commencing) -->` };
    const others = Array.from({ length: 150 }, (_, index) => ({ by: 'somebody', body: `Comment ${index}` }));
    world({ comments: [quoted, ...others] });
    await run({ ...GITHUB, event: 'commencing' });
    await run({ ...GITHUB, event: 'commencing', comment: 'Other words.' });
    const { comments } = issue();
    expect(comments).toHaveLength(152);
    expect(comments[0]).toMatchObject({ text: quoted.body, edited: 0 });
    expect(comments.at(-1)).toMatchObject({ by: 'release-manager', edited: 1 });
  });

  test('refuses internal, as there is no such comment', async () => {
    world();
    const { outcome } = await run({ ...GITHUB, visibility: 'internal', event: 'commencing' });
    expect(outcome).toMatchObject({ ok: false, kind: 'input' });
    expect(textOf(outcome)).toContain('GitHub has no internal comments');
    expect(runs.calls()).toEqual([]);
  });

  test.each([
    [
      { merged: true, state: 'closed' as const },
      { state: 'open' },
      /merged pull request, which cannot be opened again/,
    ],
    [{ locked: true }, { event: 'commencing' }, /403: Unable to create comment because issue is locked/],
    [{}, { ticket: 'example-org/gateway#99', event: 'commencing' }, /GitHub has no ticket example-org\/gateway#99/],
    [{}, { state: 'reopened' }, /"reopened" is not one of open, closed/],
  ])('of %j, refuses %j', async (seed, given, why) => {
    world(seed);
    const { outcome } = await run({ ...GITHUB, ...given });
    expect(textOf(outcome)).toMatch(why);
  });

  test('writes no second comment when an answer is lost', async () => {
    world({}, 'release-manager', lose(/POST .*comments/));
    expect((await run({ ...GITHUB, event: 'ended' })).outcome).toEqual({ ok: true });
    expect(issue().comments).toHaveLength(1);
  });
});

describe('ticket in ServiceNow', () => {
  interface Shown {
    changes: { state: string; 'work notes': string[]; comments: string[]; closed?: object }[];
  }
  const change = () => (shown() as Shown).changes[0] as Shown['changes'][number];
  const world = (seed: Parameters<typeof servicenowStandIn>[0] = {}, fault?: (call: CallStart) => Fault | undefined) =>
    use(
      servicenowStandIn(
        { password: SECRETS['servicenow-password'], changes: [{ number: 'CHG0030001' }], ...seed },
        runs.clock,
      ),
      fault,
    );

  test.each([
    ['internal', 'work notes', 'comments'],
    ['public', 'comments', 'work notes'],
  ] as const)('writes what is %s into the %s alone', async (visibility, journal, other) => {
    world();
    const { outcome, outputs } = await run({ ...SERVICENOW, visibility, event: 'commencing', state: 'implement' });
    expect(outcome).toEqual({ ok: true });
    expect(outputs).toMatchObject({ state: 'Implement', comment: 'written' });
    expect(change()).toMatchObject({ state: 'Implement', [other]: [] });
    expect(change()[journal]).toEqual([expect.stringContaining(MARK)]);
    use(standIns[0] as StandIn);
    await run({ ...SERVICENOW, visibility, event: 'commencing', state: '-1' });
    expect(writes()).toEqual([]);
  });

  test('writes other words of the same event as another entry, since none can be edited', async () => {
    world();
    await run({ ...SERVICENOW, event: 'escalated' });
    await run({ ...SERVICENOW, event: 'escalated', comment: 'The database does not come back.' });
    expect(change()['work notes']).toHaveLength(2);
  });

  test('closes a change with its code and notes', async () => {
    world({ changes: [{ number: 'CHG0030001', state: 'Review' }] });
    const refused = await run({ ...SERVICENOW, state: 'Closed' });
    expect(textOf(refused.outcome)).toMatch(/mandatory: Close code, Close notes/);
    const closing = { 'close-code': 'successful', 'close-notes': 'All hosts patched.' };
    expect((await run({ ...SERVICENOW, state: 'Closed', ...closing })).outcome).toEqual({ ok: true });
    expect(change()).toMatchObject({ state: 'Closed', closed: { code: 'successful', notes: 'All hosts patched.' } });
  });

  test('does not believe an answer that leaves the state as it was', async () => {
    world({ 'holds-silently': true });
    const { outcome } = await run({ ...SERVICENOW, state: 'Implement' });
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(textOf(outcome)).toContain('left it in the state -2');
  });

  test('names the states that can be reached', async () => {
    world();
    const { outcome } = await run({ ...SERVICENOW, state: 'Closed' });
    expect(textOf(outcome)).toContain('cannot go to "Closed" from there; it can go to Implement, Canceled');
    expect(writes()).toEqual([]);
  });

  test('writes no second entry when an answer is lost; and where nobody can look, says so instead', async () => {
    world({}, lose(/PATCH .*table/));
    expect((await run({ ...SERVICENOW, event: 'ended' })).outcome).toEqual({ ok: true });
    expect(change()['work notes']).toHaveLength(1);
    world({ 'journals-readable': false }, lose(/PATCH .*table/));
    const { outcome, shown } = await run({ ...SERVICENOW, event: 'ended' });
    expect(outcome).toMatchObject({ ok: false, kind: 'remote' });
    expect(textOf(outcome)).toContain('nobody can tell whether the last entry was written');
    expect(shown).toContain('the step writes the entry again');
    expect(change()['work notes']).toHaveLength(1);
  });
});

describe('ticket in Zendesk', () => {
  interface Shown {
    tickets: { status: string; comments: { text: string; for: string }[]; 'mails to the requester': number }[];
  }
  const ticket = () => (shown() as Shown).tickets[0] as Shown['tickets'][number];
  const world = (seed: Parameters<typeof zendeskStandIn>[0] = {}, fault?: (call: CallStart) => Fault | undefined) =>
    use(zendeskStandIn({ token: SECRETS['zendesk-token'], tickets: [{ id: 4711 }], ...seed }, runs.clock), fault);

  test.each([
    ['internal', 'staff', 0],
    ['public', 'the requester', 1],
  ])('writes what is %s for %s', async (visibility, audience, mails) => {
    world();
    const wish = { ...ZENDESK, visibility, event: 'commencing', state: 'pending' };
    expect((await run(wish)).outputs).toEqual({
      state: 'pending',
      url: 'https://example.zendesk.com/agent/tickets/4711',
      comment: 'written',
    });
    expect(ticket()).toMatchObject({
      status: 'pending',
      comments: [{ for: audience, text: expect.stringContaining(MARK) }],
      'mails to the requester': mails,
    });
    use(standIns[0] as StandIn);
    await run(wish);
    expect(writes()).toEqual([]);
  });

  test('makes a comment private at once that became public against its will', async () => {
    world({ agent: 'end-user' });
    const { outcome } = await run({ ...ZENDESK, event: 'commencing', state: 'pending' });
    expect(outcome).toMatchObject({ ok: false, kind: 'conflict' });
    expect(ticket()).toMatchObject({ status: 'open', comments: [{ for: 'staff' }] });
  });

  test('says that a light agent cannot tell the requester', async () => {
    world({ agent: 'light' });
    const { outcome } = await run({ ...ZENDESK, visibility: 'public', event: 'commencing' });
    expect(textOf(outcome)).toContain('may be one that only comments in private');
  });

  test('takes no closed ticket', async () => {
    world({ tickets: [{ id: 4711, status: 'closed' }] });
    expect(textOf((await run({ ...ZENDESK, state: 'open' })).outcome)).toContain('in the state closed');
  });

  test('writes no second comment when an answer is lost, or when many others came since', async () => {
    world({ tickets: [{ id: 4711, comments: 250 }] }, lose(/PUT .*tickets/));
    const wish = { ...ZENDESK, event: 'ended' };
    expect((await run(wish)).outcome).toEqual({ ok: true });
    expect(ticket().comments).toHaveLength(1);
    const url = new URL(`${ZENDESK.address}/api/v2/tickets/4711.json`);
    const authorization = `Basic ${ENCODED[2]}`;
    const body = Buffer.from(JSON.stringify({ ticket: { comment: { body: 'Me, too.', public: false } } }));
    const connectedTo = { host: url.hostname, port: 443 };
    for (let count = 0; count < 150; count++)
      await standIns[0]?.answer({ method: 'PUT', url, connectedTo, headers: { authorization }, body });
    expect((await run(wish)).outputs.comment).toBe('unchanged');
    expect(ticket().comments).toHaveLength(151);
  });
});

describe('ticket', () => {
  test('cannot be public by accident: visibility is asked for', async () => {
    world();
    const { visibility: _, ...rest } = JIRA;
    for (const given of [rest, { ...rest, visibility: 'Public' }]) {
      const { outcome } = await run({ ...given, event: 'commencing' });
      expect(outcome).toMatchObject({ ok: false, kind: 'input' });
      expect(textOf(outcome)).toContain('visibility');
    }
    expect(runs.calls()).toEqual([]);
  });

  test('names everything that is wrong with its inputs at once', async () => {
    world();
    const { outcome } = await run({
      system: 'zendesk',
      ticket: 'PLAT-1',
      visibility: 'public',
      state: 'closed',
      'fix-version': '1',
      'close-code': 'x',
      'zendesk-token': '',
    });
    for (const word of ['ticket: "PLAT-1"', 'address', 'state: "closed"', 'fix-version', 'close-code', 'zendesk-token'])
      expect(textOf(outcome)).toContain(word);
    expect(textOf((await run({ ...JIRA })).outcome)).toContain('one of them must be given');
    expect(runs.calls()).toEqual([]);
  });

  test.each([JIRA, GITHUB, SERVICENOW, ZENDESK])(
    'does not show what a system repeats of its sign-in: %j',
    async (wish) => {
      use({
        name: 'Echo',
        hosts: [/./],
        answer: ({ headers: { authorization: text } }) => ({
          status: 401,
          body: { errorMessages: [text], message: text, error: { message: text, detail: text }, description: text },
        }),
        state: () => ({}),
        leftovers: () => [],
      });
      const { outcome } = await run({ ...wish, event: 'commencing' });
      expect(outcome).toMatchObject({ ok: false, kind: 'auth' });
      expect(textOf(outcome)).toContain('***');
    },
  );

  function world() {
    use(jiraStandIn({ issues: [{ key: 'PLAT-1353' }] }, runs.clock));
  }
});

describe('checkTickets', () => {
  const access = {
    jiraUser: SECRETS['jira-user'],
    jiraToken: SECRETS['jira-token'],
    githubToken: SECRETS['github-token'],
    servicenowUser: SECRETS['servicenow-user'],
    servicenowPassword: SECRETS['servicenow-password'],
  };
  const rules = [
    { system: 'jira' as const, address: JIRA.address, states: ['Approved'], 'fix-version': '2.102.0' },
    { system: 'servicenow' as const, address: SERVICENOW.address, states: ['Scheduled'] },
    { system: 'github' as const, states: ['open'] },
  ];

  test('finds every ticket that is missing, in another state or without its version, and changes nothing', async () => {
    const jira = jiraStandIn(
      {
        token: SECRETS['jira-token'],
        issues: [
          { key: 'PLAT-1', 'fix-versions': ['2.102.0'] },
          { key: 'PLAT-2', status: 'Draft' },
        ],
      },
      runs.clock,
    );
    const servicenow = servicenowStandIn(
      { password: SECRETS['servicenow-password'], changes: [{ number: 'CHG0030001', state: 'Assess' }] },
      runs.clock,
    );
    const github = githubStandIn(
      { token: 'another', repositories: [{ name: 'example-org/gateway', issues: [{ number: 12 }] }] },
      runs.clock,
    );
    runs.use([jira, servicenow, github]);
    const tickets = ['PLAT-1', 'PLAT-2', 'PLAT-3', 'CHG0030001', 'example-org/gateway#12', '4711', 'PLAT-1'];
    const problems = await checkTickets(context(), { tickets, rules, access });
    expect(problems).toEqual([
      '4711 is a ticket of no system that the window file names under tickets.',
      'PLAT-2 is in the state Draft, and must be in Approved.',
      'PLAT-2 does not carry the fix version 2.102.0, but none.',
      expect.stringContaining('There is no ticket PLAT-3'),
      'CHG0030001 is in the state Assess, and must be in Scheduled.',
      expect.stringContaining('example-org/gateway#12: GitHub answered 401'),
    ]);
    expect(writes()).toEqual([]);
  });

  test('names the access that is missing instead of asking', async () => {
    runs.use([]);
    expect(await checkTickets(context(), { tickets: ['PLAT-1'], rules, access: {} })).toEqual([
      'jira-token is missing, for Jira.',
    ]);
    expect(runs.calls()).toEqual([]);
  });

  function context() {
    const signal = new AbortController().signal;
    const quiet = () => {};
    return {
      signal,
      run: {},
      keepSecret: quiet,
      report: new Report(quiet),
      log: {
        debug: quiet,
        info: quiet,
        warning: quiet,
        progress: quiet,
        group: <T>(_: string, work: () => Promise<T>) => work(),
      },
      http: createHttp({
        clock: runs.clock,
        signal,
        deadline: new Date(runs.clock.now().getTime() + 900_000),
        userAgent: 'maintenance-tasks/test',
        debug: quiet,
        info: quiet,
        environment: process.env,
      }),
    };
  }
});
