import fc from 'fast-check';
import { expect, test } from 'vitest';
import { planReturn, planShift, type Shift, type Values } from './kubernetes-plan.ts';

const SESSION = 'mw-202611220600-k7qx';
const OTHER = 'mw-202611220600-zzzz';
const WHAT = 'Service shop/shop';

const reads = (values: Values) => (keys: readonly string[]) =>
  Object.fromEntries(keys.map((key) => [key, values[key] ?? null]));
const after = (values: Values, shift: Shift | undefined): Values => ({ ...values, ...shift?.values });

const value = fc.oneof(fc.constantFrom('blue', 'green', ''), fc.nat(100), fc.constant(null));
const values = fc.dictionary(fc.constantFrom('version', 'tier', 'app', 'rule 1 backend 1 a|b'), value, { minKeys: 1 });

test('gives any values back exactly, however often more of them are asked for', () => {
  fc.assert(
    fc.property(values, values, values, (was, wanted, more) => {
      let now: Values = was;
      let note: string | undefined;
      for (const each of [wanted, more]) {
        const { shift, problems } = planShift(WHAT, reads(now), note, each, SESSION);
        expect(problems).toEqual([]);
        now = after(now, shift);
        note = shift?.note ?? note;
        expect(reads(now)(Object.keys(each))).toEqual(each);
        expect(planShift(WHAT, reads(now), note, each, SESSION).shift).toBeUndefined();
      }
      const back = planReturn(WHAT, reads(now), note, SESSION);
      const keys = [...Object.keys(was), ...Object.keys(wanted), ...Object.keys(more)];
      expect(reads(after(now, back.shift))(keys)).toEqual(reads(was)(keys));
      expect(note === undefined || back.shift?.note === null).toBe(true);
    }),
  );
});

const { shift } = planShift(WHAT, reads({ version: 'blue' }), undefined, { version: 'green' }, SESSION);
const note = shift?.note ?? '';

test.each([
  [
    'drift',
    { version: 'red' },
    note,
    SESSION,
    'conflict',
    'was set to version: green by this session and stands at version: red',
  ],
  ['a label that was taken away', {}, note, SESSION, 'conflict', 'stands at version: not set'],
  [
    'a note that was edited',
    { version: 'green' },
    note.replace('blue', 'black'),
    SESSION,
    'conflict',
    'was cut or edited',
  ],
  ['something else in its place', { version: 'green' }, 'by hand', SESSION, 'conflict', 'session unknown'],
  ['another session', { version: 'green' }, note, OTHER, 'refused', `held by the session ${SESSION}`],
] as const)('refuses to drain on %s', (_name, stands, text, session, kind, words) => {
  expect(planShift(WHAT, reads(stands), text, { version: 'green' }, session).problems).toEqual([
    { kind, text: expect.stringContaining(words) },
  ]);
});

test('leaves alone what stands so already by somebody else, and what carries no note of the session', () => {
  expect(planShift(WHAT, reads({ version: 'green' }), undefined, { version: 'green' }, SESSION)).toMatchObject({
    state: 'left alone',
  });
  expect(planReturn(WHAT, reads({ version: 'green' }), undefined, SESSION).shift).toBeUndefined();
  expect(planReturn(WHAT, reads({ version: 'green' }), note, OTHER).shift).toBeUndefined();
});

test('takes only the note away of what was put back by hand', () => {
  expect(planReturn(WHAT, reads({ version: 'blue' }), note, SESSION).shift).toMatchObject({
    values: { version: 'blue' },
    note: null,
  });
});
