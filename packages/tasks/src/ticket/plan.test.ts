import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { commentOf, planTicket, standingProblem, type TicketView, type TicketWish, wishProblems } from './plan.ts';
import { ticketsSchema } from './schema.ts';
import { systemOf, TICKET_EVENTS, ticketProblem } from './words.ts';

const SESSION = 'mw-202611220230-k7qx';
const wish = (more: Partial<TicketWish> = {}): TicketWish => ({
  target: { system: 'jira', ticket: 'PLAT-1', address: 'https://example.atlassian.net' },
  visibility: 'internal',
  told: {},
  state: 'Done',
  ...more,
});
const view = (more: Partial<TicketView> = {}): TicketView => ({
  state: 'Approved',
  url: '',
  fixVersions: [],
  comment: 'missing',
  ...more,
});
const internal = { visibility: 'internal', isEditable: true } as const;

describe('wishProblems', () => {
  test.each<[string, Partial<TicketWish>, string[]]>([
    ['a whole wish', {}, []],
    ['a ticket of another system', { target: { system: 'jira', ticket: '4711', address: 'https://x' } }, ['ticket']],
    ['no address', { target: { system: 'jira', ticket: 'PLAT-1' } }, ['address']],
    [
      'no address on GitHub',
      { target: { system: 'github', ticket: 'a/b#1' }, visibility: 'public', state: 'open' },
      [],
    ],
    ['something internal on GitHub', { target: { system: 'github', ticket: 'a/b#1' }, state: 'open' }, ['visibility']],
    [
      'a state that only Zendesk gives',
      { target: { system: 'zendesk', ticket: '1', address: 'https://x' }, state: 'closed' },
      ['state'],
    ],
    [
      'a version outside of Jira',
      { target: { system: 'servicenow', ticket: 'CHG0001', address: 'https://x' }, fixVersion: '1' },
      ['fix-version'],
    ],
    ['a close code outside of ServiceNow', { closeCode: 'successful' }, ['close-code and close-notes']],
    ['nothing to do', { state: undefined }, ['event, comment, state or fix-version']],
    ['an empty comment', { state: undefined, told: { comment: [] } }, ['event, comment, state or fix-version']],
  ])('of %s are right', (_, more, expected) => {
    expect(wishProblems(wish(more)).map((problem) => problem.split(':')[0])).toEqual(expected);
  });
});

describe('commentOf', () => {
  test.each(TICKET_EVENTS)('has words of its own for %s', (event) => {
    const comment = commentOf({ event }, SESSION, internal);
    expect(comment?.paragraphs[0]).toMatch(/^Planned maintenance: ./);
    expect(comment?.paragraphs.at(-1)).toBe(`Maintenance session ${SESSION} (${event})`);
    const others = TICKET_EVENTS.filter((each) => each !== event).map((each) =>
      commentOf({ event: each }, SESSION, internal),
    );
    expect(others.map((other) => other?.paragraphs[0])).not.toContain(comment?.paragraphs[0]);
  });

  test('asks readers to mind something only while there is something to mind', () => {
    const says = (event: (typeof TICKET_EVENTS)[number], disclaimer?: string) =>
      commentOf({ event, disclaimer }, SESSION, internal)?.paragraphs.join().includes('keep your own backups');
    expect([
      says('commencing'),
      says('rescheduled'),
      says('ended'),
      says('cancelled'),
      says('planned', 'none'),
    ]).toEqual([true, true, false, false, false]);
  });

  test('is nothing where nothing is told', () => {
    expect(commentOf({}, SESSION, internal)).toBeUndefined();
    expect(commentOf({ comment: [] }, SESSION, internal)).toBeUndefined();
  });

  test('tells the address of the run to staff only', () => {
    const link = 'https://ci.example.com/runs/1';
    const told = (visibility: 'public' | 'internal') =>
      commentOf({ event: 'ended' }, SESSION, { visibility, isEditable: true, link })?.paragraphs.join();
    expect(told('internal')).toContain(link);
    expect(told('public')).not.toContain(link);
  });

  test('has one mark for an event where it can be edited, and one for each of its words elsewhere', () => {
    const mark = (words: string, isEditable: boolean) =>
      commentOf({ event: 'escalated', comment: [words] }, SESSION, { visibility: 'internal', isEditable })?.mark;
    expect(mark('a', true)).toBe(mark('b', true));
    expect(mark('a', false)).not.toBe(mark('b', false));
    expect(mark('a', false)).toBe(mark('a', false));
  });

  test('of own words has a mark of their own', () => {
    const mark = (...comment: string[]) => commentOf({ comment }, SESSION, internal)?.mark;
    expect(mark('a')).not.toBe(mark('b'));
    expect(mark('a', 'b')).not.toBe(mark('a\nb'));
  });
});

describe('planTicket', () => {
  const comment = commentOf({ event: 'commencing' }, SESSION, internal);

  test.each<[string, Partial<TicketWish>, Partial<TicketView>, string | undefined, string[]]>([
    ['nothing that is there', { fixVersion: '1.0' }, { comment: 'there', fixVersions: ['1.0'] }, undefined, []],
    ['a comment that is missing', {}, {}, undefined, ['none → Planned maintenance: commencing now']],
    [
      'other words',
      {},
      { comment: 'outdated' },
      undefined,
      ['one with other words → Planned maintenance: commencing now'],
    ],
    [
      'a comment nobody can look for',
      {},
      { comment: 'unknown' },
      undefined,
      ['unknown → Planned maintenance: commencing now'],
    ],
    ['a state', {}, { comment: 'there' }, 'Done', ['Approved → Done']],
    [
      'a version beside others',
      { fixVersion: '2.0' },
      { comment: 'there', fixVersions: ['1.0'] },
      undefined,
      ['1.0 → 1.0, 2.0'],
    ],
  ])('plans %s', (_, more, seen, to, expected) => {
    const { changes } = planTicket(wish(more), view(seen), comment, to);
    expect(changes.map(({ before, after }) => `${before} → ${after}`)).toEqual(expected);
  });

  test('plans nothing again once all is done', () => {
    const state = fc.record({
      fixVersions: fc.uniqueArray(fc.constantFrom('1.0', '2.0')),
      comment: fc.constantFrom<TicketView['comment']>('missing', 'there', 'outdated'),
      to: fc.option(fc.constant('Done'), { nil: undefined }),
    });
    fc.assert(
      fc.property(state, ({ to, ...seen }) => {
        const asked = wish({ fixVersion: '2.0' });
        const plan = planTicket(asked, view(seen), comment, to);
        const after = view({
          fixVersions: plan.fixVersion ? [...seen.fixVersions, '2.0'] : seen.fixVersions,
          comment: plan.comment ? 'there' : seen.comment,
          state: to ?? 'Approved',
        });
        expect(planTicket(asked, after, comment, undefined).changes).toEqual([]);
      }),
    );
  });
});

describe('standingProblem', () => {
  const rule = { states: ['Approved', 'Scheduled'], 'fix-version': '2.0' };
  test.each([
    ['a ticket as it shall be, whatever the case', view({ state: 'approved', fixVersions: ['1.0', '2.0'] }), 0],
    ['one in another state', view({ state: 'Draft', fixVersions: ['2.0'] }), 1],
    ['one without its version', view(), 1],
    ['one with both', view({ state: 'Draft' }), 2],
    ['none', undefined, 1],
  ])('of %s are as many as there are', (_, seen, count) => {
    expect(standingProblem('PLAT-1', seen, rule)).toHaveLength(count);
  });
});

describe('tickets', () => {
  test.each([
    ['PLAT-1353', 'jira'],
    ['example-org/gateway#12', 'github'],
    ['CHG0030001', 'servicenow'],
    ['4711', 'zendesk'],
    ['PLAT-0', undefined],
    ['plat-1', undefined],
    ['gateway#12', undefined],
    ['CHG1', undefined],
    ['0', undefined],
    ['PLAT-1\n', undefined],
    ['a/../b#1', undefined],
    ['a/..#1', undefined],
  ])('of the form %j are of %s', (ticket, system) => {
    expect(systemOf(ticket)).toBe(system);
    if (system) expect(ticketProblem(system as 'jira', ticket)).toBeUndefined();
  });

  test.each([
    ['jira without an address', [{ system: 'jira', states: ['Approved'] }], /only GitHub has one for all/],
    ['no state', [{ system: 'github', states: [] }], /states/],
    ['a version outside of Jira', [{ system: 'github', states: ['open'], 'fix-version': '1' }], /known to Jira only/],
    [
      'a system twice',
      [
        { system: 'github', states: ['open'] },
        { system: 'github', states: ['closed'] },
      ],
      /github is there twice/,
    ],
  ])('may not be described with %s', (_, part, why) => {
    expect(() => ticketsSchema.parse(part)).toThrow(why);
  });
});
