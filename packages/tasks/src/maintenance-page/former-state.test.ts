import { encodeUndoNote } from '@maintenance-tasks/core';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FormerRecord, keptFormer, type PageState, packState, unpackState } from './former-state.ts';

const ZONE = 'example.com';
const SESSION = 'mw-202611220230-k7qx';

function former(content: string, rest: Partial<FormerRecord> = {}): FormerRecord {
  const type = content.includes(':') ? 'AAAA' : /^[\d.]+$/.test(content) ? 'A' : 'CNAME';
  return { type, content, comment: null, tags: [], settings: {}, ttl: 1, ...rest };
}

describe('what a note remembers', () => {
  test.each<[string, PageState, unknown]>([
    [
      'is the contents alone where all else is as usual',
      { target: 'maintenance.example.com', formers: [former('192.0.2.10'), former('2001:db8::10')] },
      ['maintenance.', '192.0.2.10', '2001:db8::10'],
    ],
    ['names the zone itself by a dot', { target: '192.0.2.99', formers: [former('example.com')] }, ['192.0.2.99', '.']],
    [
      'keeps names outside of the zone whole, also where they only look like it',
      { target: 'pages.example.net', formers: [former('shop.notexample.com')] },
      ['pages.example.net', 'shop.notexample.com'],
    ],
    [
      'has comments, and leaves out what follows if it is as usual',
      { target: 'pages.example.net', formers: [former('192.0.2.10', { comment: 'shop' })] },
      ['pages.example.net', ['192.0.2.10', 'shop']],
    ],
    [
      'tells an empty comment from none',
      { target: 'pages.example.net', formers: [former('192.0.2.10', { comment: '' })] },
      ['pages.example.net', ['192.0.2.10', '']],
    ],
    [
      'has tags and settings of records that are deleted',
      {
        target: 'pages.example.net',
        formers: [former('192.0.2.10', { tags: ['team:shop'], settings: { ipv4_only: true } })],
      },
      ['pages.example.net', ['192.0.2.10', 0, ['team:shop'], { ipv4_only: true }]],
    ],
  ])('%s', (_, state, packed) => {
    expect(packState(state, ZONE)).toEqual(packed);
    expect(unpackState(packed, ZONE)).toEqual(state);
  });

  test('leaves out tags and settings of the record that lives on, since they are not touched', () => {
    const kept = former('192.0.2.10', { tags: ['team:shop'], settings: { ipv4_only: true } });
    expect(packState({ target: '192.0.2.99', formers: [kept] }, ZONE)).toEqual(['192.0.2.99', '192.0.2.10']);
  });

  test('fits the 100 characters of the free plan for a usual shop', () => {
    const formers = [former('192.0.2.10'), former('192.0.2.11'), former('2001:db8::10')];
    const state = packState({ target: 'maintenance.example.com', formers }, ZONE);
    expect(encodeUndoNote({ session: SESSION, state }, 100).length).toBeLessThanOrEqual(100);
  });

  test.each<[string, unknown]>([
    ['a text', 'x'],
    ['an empty list', []],
    ['a target without records', ['maintenance.']],
    ['a target that is no text', [1, '192.0.2.10']],
    ['a record without content', ['maintenance.', []]],
    ['a comment that is a number', ['maintenance.', ['192.0.2.10', 7]]],
    ['tags that are no list', ['maintenance.', ['192.0.2.10', 0, 'x']]],
    ['settings that are nothing', ['maintenance.', ['192.0.2.10', 0, [], null]]],
  ])('is not read from %s', (_, packed) => expect(unpackState(packed, ZONE)).toBeUndefined());

  test('survives packing and unpacking, whatever it is', () => {
    const label = fc.stringMatching(/^[a-z]{1,8}$/);
    const content = fc.oneof(
      fc.ipV4(),
      label.map((name) => `${name}.${ZONE}`),
      label.map((name) => `${name}.example.net`),
      fc.constant(ZONE),
      fc.constant('2001:db8::1'),
    );
    const record = fc
      .record({
        content,
        comment: fc.option(fc.string()),
        tags: fc.array(fc.string(), { maxLength: 3 }),
        settings: fc.dictionary(label, fc.constant(true), { maxKeys: 2, noNullPrototype: true }),
        ttl: fc.constantFrom(1, 300),
      })
      .map(({ content: of, ...rest }) => former(of, rest));
    const state = fc.record({ target: content, formers: fc.array(record, { minLength: 1, maxLength: 4 }) });
    fc.assert(
      fc.property(state, (given) => {
        const kept = keptFormer(given);
        const read = unpackState(JSON.parse(JSON.stringify(packState(given, ZONE))), ZONE);
        const untouched = { tags: [], settings: {}, ttl: 1 };
        expect(read).toEqual({
          target: given.target,
          formers: given.formers.map((each) => (each === kept ? { ...each, ...untouched } : each)),
        });
      }),
    );
  });
});
