import { createHash } from 'node:crypto';
import { decodeUndoNote, isDamaged } from '@maintenance-tasks/core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pausedAs, resumed } from './pipelines.ts';
import { planPause, planResume, type Standing } from './plan.ts';
import { inTags } from './triggers.ts';

const SESSION = 'mw-202611220230-k7qx';
const own = { session: SESSION, state: {} };
const others = { session: 'mw-202611220330-z9wp', state: {} };
const torn = { session: SESSION, damaged: true } as const;

const job = (paused: boolean, note: Standing['note'], notedBeforehand = false): Standing => ({
  id: 'a',
  what: 'CronJob shop/a',
  paused,
  stands: paused ? 'suspended' : 'active',
  note,
  notedBeforehand,
});

describe('pausing', () => {
  test.each([
    ['an active job is paused', job(false, undefined), 'pause'],
    ['one that somebody paused is left alone', job(true, undefined), 'leftAlone'],
    ['one that this session paused is kept', job(true, own), 'keep'],
    ['one that was noted and not yet paused is paused', job(false, own, true), 'pause'],
    ['one that this session paused and somebody resumed is refused', job(false, own), 'problems'],
    ['one that another session paused is refused', job(true, others), 'problems'],
    ['one that another session meant to pause is refused', job(false, others, true), 'problems'],
    ['one with a note that was cut is refused', job(true, torn), 'problems'],
  ] as const)('%s', (_, standing, where) => {
    const plan = planPause(SESSION, [standing]);
    const filled = Object.entries(plan).filter(([, list]) => list.length > 0);
    expect(filled.map(([name]) => name)).toEqual([where]);
  });
});

describe('resuming', () => {
  test.each([
    ['what this session paused is resumed', job(true, own), 'resume'],
    ['what is active already only loses its note', job(false, own), 'forget'],
    ['what is paused by a note that was cut is told', job(true, torn), 'problems'],
    ['what another session paused is left alone', job(true, others), undefined],
    ['what somebody paused is left alone', job(true, undefined), undefined],
  ] as const)('%s', (_, standing, where) => {
    const plan = planResume(SESSION, [standing]);
    const filled = Object.entries(plan).filter(([, list]) => list.length > 0);
    expect(filled.map(([name]) => name)).toEqual(where ? [where] : []);
  });
});

describe('the definition of a pipeline', () => {
  const before = (description?: string) => ({
    id: 1,
    name: 'nightly',
    revision: 7,
    queueStatus: 'enabled' as const,
    triggers: [{ schedules: [1] }],
    ...(description !== undefined && { description }),
  });

  test('is the same again once it is resumed, whatever its description', () => {
    const description = fc.option(fc.string({ maxLength: 1_500, unit: 'binary' }), { nil: undefined });
    fc.assert(
      fc.property(description, (text) => {
        // Nobody's description has a note of ours in it.
        fc.pre(!text?.includes('mt1|') && !text?.includes('Paused for planned maintenance'));
        const definition = before(text);
        expect(resumed(pausedAs(definition, 'disabled', SESSION))).toEqual(definition);
      }),
    );
  });

  test('keeps what was written around the note meanwhile', () => {
    const paused = pausedAs(before('Nightly build.'), 'disabled', SESSION);
    const edited = { ...paused, description: `See the wiki. ${paused.description} Ask the data team.` };
    expect(resumed(edited)).toEqual({ ...before(), description: 'See the wiki. Nightly build. Ask the data team.' });
  });

  test('is not changed when the note does not fit', () => {
    expect(() => pausedAs(before('x'.repeat(2_000)), 'disabled', SESSION)).toThrow('room for');
  });
});

describe('the tags of a data factory', () => {
  test('hold all names in notes of at most 256 characters', () => {
    const names = Array.from({ length: 200 }, (_, index) => `Trigger of the pipeline ${index} – Größe`);
    const texts = inTags(SESSION, names);
    expect(Math.max(...texts.map((text) => text.length))).toBeLessThanOrEqual(256);
    const found = texts.flatMap((text) => {
      const note = decodeUndoNote(text);
      return note && !isDamaged(note) ? (note.state as string[]) : [];
    });
    expect(found).toEqual(names);
  });

  test('refuse a name that fits into none, before anything is changed', () => {
    // Nothing that could be packed.
    const noise = ['a', 'b', 'c'].map((word) => createHash('sha512').update(word).digest('base64url')).join('');
    expect(() => inTags(SESSION, ['short', noise])).toThrow('room for 256');
  });
});
