import { LARGEST_TEAMS_MESSAGE, teamsMessage } from '@maintenance-tasks/services/teams/client';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cloudEvent, slackMessage, slackText, teamsCard } from './messages.ts';
import { type Announcement, announcementOf, EVENTS, headline } from './plan.ts';
import { formatThreads, parseThreads } from './slack-thread.ts';

const SESSION = 'mw-202611220230-k7qx';
const NOW = new Date('2026-11-22T00:30:00Z');

describe('announcementOf', () => {
  test.each([
    ['planned', 'Planned maintenance: planned'],
    ['starting', 'Planned maintenance: starting now'],
    ['in-progress', 'Planned maintenance: in progress'],
    ['finished', 'Planned maintenance: finished'],
    ['failed', 'Planned maintenance: not finished as planned'],
    ['rescheduled', 'Planned maintenance: rescheduled'],
    ['cancelled', 'Planned maintenance: cancelled'],
  ] as const)('of %s says “%s”', (event, expected) => {
    expect(headline(announcementOf(event, SESSION, {}))).toBe(expected);
  });

  test('tells the times given, and else the end that the session’s id carries', () => {
    const facts = (texts: object, session = SESSION) => announcementOf('planned', session, texts).facts;
    expect(facts({ starts: 'at two', ends: 'at six' })).toEqual([
      { name: 'Starts', value: 'at two' },
      { name: 'Ends', value: 'at six' },
    ]);
    expect(facts({})).toEqual([{ name: 'Ends', value: '2026-11-22 02:30 UTC' }]);
    expect(facts({}, 'tuesday')).toEqual([]);
  });

  test('has the standard disclaimer, an own one or none, and none once the window is over', () => {
    const disclaimer = (event: Announcement['event'], text?: string) =>
      announcementOf(event, SESSION, text ? { disclaimer: text } : {}).disclaimer;
    expect(disclaimer('planned')).toContain('keep your own backups');
    expect(disclaimer('planned', 'Mind the gap.')).toBe('Mind the gap.');
    expect(disclaimer('planned', 'none')).toBeUndefined();
    expect(disclaimer('finished', 'Mind the gap.')).toBeUndefined();
    expect(disclaimer('cancelled')).toBeUndefined();
  });

  test('links only to https, and to nothing that would end the link', () => {
    const link = (url: string) => announcementOf('planned', SESSION, {}, url).link;
    expect(link('https://ci.example.com/runs/1')).toBe('https://ci.example.com/runs/1');
    expect(link('javascript:alert(1)')).toBeUndefined();
    expect(link('https://ci.example.com/|x> <!channel>')).toBeUndefined();
  });

  test('drops control characters', () => {
    expect(announcementOf('planned', SESSION, { title: 'a\u001b[31mb\u0000' }).title).toBe('a[31mb');
  });
});

describe('whatever the texts', () => {
  const text = fc.string({ unit: 'binary', maxLength: 6_000 });
  const announcement = fc
    .record({
      event: fc.constantFrom(...EVENTS),
      texts: fc.record({
        title: text,
        message: text,
        starts: text,
        ends: text,
        disclaimer: text,
        details: fc.dictionary(text, text, { maxKeys: 12 }),
      }),
    })
    .map(({ event, texts }) => announcementOf(event, SESSION, texts, 'https://ci.example.com/runs/1'));
  const runs = { numRuns: 60 };

  test('the card fits into Teams', () => {
    fc.assert(
      fc.property(announcement, (one) => Buffer.byteLength(teamsMessage(teamsCard(one))) <= LARGEST_TEAMS_MESSAGE),
      runs,
    );
    // Three bytes a character, four a pair.
    for (const longest of ['世'.repeat(20_000), '😀'.repeat(20_000), '"'.repeat(20_000)]) {
      const details = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`${index}${longest}`, longest]));
      const texts = { title: longest, message: longest, starts: longest, disclaimer: longest, details };
      const card = teamsCard(announcementOf('planned', SESSION, texts));
      expect(Buffer.byteLength(teamsMessage(card))).toBeLessThan(LARGEST_TEAMS_MESSAGE);
    }
  });

  test('nothing in Slack’s message is a mention or a link but ours to the run', () => {
    fc.assert(
      fc.property(announcement, (one) => {
        const { text: fallback, blocks } = slackMessage(one) as { text: string; blocks: Block[] };
        const formatted = blocks.flatMap(({ text: own, fields, elements }) => [
          own,
          ...(fields ?? []),
          ...(elements ?? []),
        ]);
        const texts = formatted.flatMap((each) => (each?.type === 'mrkdwn' ? [each.text] : []));
        for (const each of [fallback, ...texts]) {
          expect(each.replace('<https://ci.example.com/runs/1|Run>', '')).not.toMatch(/[<>]/);
          expect(each.length).toBeLessThanOrEqual(3_000);
        }
      }),
      runs,
    );
  });
});

interface Block {
  readonly text?: Text;
  readonly fields?: readonly Text[];
  readonly elements?: readonly Text[];
}

interface Text {
  readonly type: string;
  readonly text: string;
}

test('a cut never falls into an escape', () => {
  expect(slackText('a&b', 5)).toBe('a');
  expect(slackText('a&b', 6)).toBe('a&amp;');
});

describe('cloudEvent', () => {
  const event = (texts: object, link?: string, now = NOW) =>
    cloudEvent(announcementOf('planned', SESSION, texts, link), 'urn:maintenance-tasks', now);

  test('has the required attributes', () => {
    expect(event({ title: 'Release' })).toMatchObject({
      specversion: '1.0',
      type: 'maintenance-tasks.window.planned',
      source: 'urn:maintenance-tasks',
      subject: SESSION,
      time: '2026-11-22T00:30:00.000Z',
      data: { session: SESSION, event: 'planned', title: 'Release', facts: { Ends: '2026-11-22 02:30 UTC' } },
    });
  });

  test('has the same id for the same news, from whichever run and whenever', () => {
    const later = new Date('2026-11-22T01:00:00Z');
    expect(event({}, 'https://ci.example.com/runs/2', later).id).toBe(event({}, 'https://ci.example.com/runs/1').id);
    expect(event({ message: 'Other.' }).id).not.toBe(event({}).id);
  });
});

describe('threads', () => {
  test('are read back as they were written', () => {
    const threads = new Map([
      ['C0123456789', '1732233600.000100'],
      ['G0123456780', '1732233601.000200'],
    ]);
    expect(parseThreads(formatThreads(threads))).toEqual(threads);
  });

  test('are not taken from anything else', () => {
    expect(parseThreads('hello\n#maintenance:1.2\nC0123456789:yesterday\n')).toEqual(new Map());
  });
});
