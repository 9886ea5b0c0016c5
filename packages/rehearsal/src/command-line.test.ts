import { describe, expect, it } from 'vitest';
import { parseCommandLine, usage } from './command-line.ts';
import type { Pipeline, Step } from './plan.ts';
import { selectStep } from './step-selection.ts';

describe('the command line', () => {
  it('rehearses the monthly window on both hosts when nothing is said', () => {
    expect(parseCommandLine([])).toMatchObject({
      target: 'examples/monthly-window',
      host: 'both',
      fail: undefined,
      kill: undefined,
    });
  });

  it('takes values with and without an equals sign', () => {
    const options = parseCommandLine([
      'my/window',
      '--host=azure',
      '--fail',
      'smoke-tests',
      '--kill=Finish/finish-maintenance:3',
      '--json',
      '-',
    ]);
    expect(options).toMatchObject({
      target: 'my/window',
      host: 'azure',
      fail: 'smoke-tests',
      kill: { step: 'Finish/finish-maintenance', after: 3 },
      json: '-',
    });
  });

  it.each([
    [['--hots', 'github'], '--hots: is not an option; did you mean --host?'],
    [['--host', 'gitlab'], '--host: "gitlab" is not one of github, azure, both'],
    [['--fail'], '--fail: needs a value (STEP)'],
    [['--fail', '--json', 'x'], '--fail: needs a value (STEP)'],
    [['--kill', 'sweep:0'], '--kill: "sweep:0" is not of the form STEP:N'],
    [['--auto-approve=yes'], '--auto-approve: takes no value'],
    [['--auto-approve', '--approve-as', 'x'], 'exclude each other'],
    [['-v'], '-v: is not an option; all begin with two dashes'],
    [['a', 'b'], 'b: only one folder or pipeline file'],
    [['--constructor', 'x'], '--constructor: is not an option'],
  ])('refuses %j', (words, problem) => {
    expect(() => parseCommandLine(words)).toThrow(problem);
  });

  it('names all mistakes at once', () => {
    expect(() => parseCommandLine(['--hots', '--fail'])).toThrow(/--hots.*\n--fail/);
  });

  it('explains every option', () => {
    for (const name of ['host', 'fail', 'kill', 'approve-as', 'from', 'report']) expect(usage()).toContain(`--${name}`);
  });
});

describe('a step that is named', () => {
  const step = (title: string, id?: string, task?: string) => ({ title, id, task, kind: 'task' }) as unknown as Step;
  const [first, second, third] = [
    step('Prove the shop', 'prove', 'smoke-tests'),
    step('Again', undefined, 'smoke-tests'),
    step('Prove the shop', undefined, 'smoke-tests'),
  ];
  const pipeline = (...steps: Step[]) =>
    ({
      stages: steps.map((each, index) => ({
        id: `s${index + 1}`,
        title: `Stage ${index + 1}`,
        jobs: [{ id: 'j', title: 'J', steps: [each] }],
      })),
    }) as unknown as Pipeline;
  const both = [pipeline(first, second), pipeline(third)];

  it.each([
    ['by its task, the first of several', 'smoke-tests', [first, third]],
    ['by its title, in any case', 'prove the SHOP', [first, third]],
    ['by its id, on the host that has it', 'prove', [first]],
    ['below its stage', 's2/smoke-tests', [second]],
    ['below its stage’s title', 'Stage 2/Again', [second]],
  ])('is found %s', (_how, wanted, expected) => {
    expect([...selectStep(both, '--fail', wanted)]).toEqual(expected);
  });

  it('is asked back when there is none', () => {
    expect(() => selectStep(both, '--fail', 'smoke-test')).toThrow(
      '--fail: there is no step "smoke-test"; did you mean "smoke-tests"?',
    );
  });
});
