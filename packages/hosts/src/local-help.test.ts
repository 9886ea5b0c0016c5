import { boolean, choice, secret, text } from '@maintenance-tasks/core';
import { expect, test } from 'vitest';
import { helpText } from './local-help.ts';

const task = {
  name: 'lights',
  summary: 'Switches lights.',
  needs: { House: ['Lights Write', 'Lights Read'] },
  inputs: {
    state: choice(['on', 'off'], { required: true, describe: 'What they shall be.' }),
    'room-name': text({
      describe: 'Which room it is that is meant, in words that are so many that one line cannot hold them all.',
      example: 'kitchen',
    }),
    'dry-run': boolean({ default: 'false', describe: 'Only plan.' }),
    'api-token': secret({ required: true, environment: 'LIGHTS_TOKEN', describe: 'Token of the house.' }),
  },
  outputs: { lit: 'How many are lit.' },
};

test('the help is three columns that keep within the width', () => {
  expect(helpText(task, 80)).toBe(`lights: Switches lights.

Usage: lights --name value …
A list takes its flag several times, once for each entry. Exit code: 0 done, 1 failed, 2 wrong inputs.

Inputs
  --state on|off    required       What they shall be.
  --room-name TEXT                 Which room it is that is meant, in words that
                                   are so many that one line cannot hold them
                                   all. Example: kitchen
  --dry-run         default false  Only plan.

Secrets, from the environment
  LIGHTS_TOKEN  required  Token of the house.

Outputs
  lit  How many are lit.

Access it needs
  House  Lights Write, Lights Read

In a terminal
  --help          Show this text.
  --debug         Show what is sent and answered, and the stack of a bug.
  --summary FILE  Write the summary (Markdown) to the file instead of showing
                  it.
  --output FILE   Write the outputs to the file, as JSON.
`);
});

test('a name that is wider than its column has a line of its own', () => {
  const states = Array.from({ length: 12 }, (_, index) => `state${index}`);
  const wide = { ...task, inputs: { state: choice(states, { describe: 'Many.' }), note: text({ describe: 'Few.' }) } };
  expect(helpText(wide)).toContain(
    `Inputs\n  --state ${states.join('|')}\n               Many.\n  --note TEXT  Few.\n`,
  );
});
