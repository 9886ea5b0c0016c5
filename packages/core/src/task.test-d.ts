// Checked by the type checker alone: a task's author relies on these types without ever writing them.
import { z } from 'zod';
import {
  boolean,
  choice,
  duration,
  filePath,
  integer,
  list,
  map,
  secret,
  secretFile,
  text,
  yaml,
  yamlFile,
} from './inputs.ts';
import { defineTask, sessionInputs } from './task.ts';

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <_A, _B>(_: Equal<_A, _B>) => {};

const schema = async () => z.object({ name: z.string() });

defineTask({
  name: 'example',
  azure: { id: '00000000-0000-0000-0000-000000000000', category: 'Deploy' },
  summary: 'Holds one input of each kind.',
  needs: {},
  mutates: false,
  inputs: {
    'text-required': text({ required: true, describe: '' }),
    'text-default': text({ default: 'a', describe: '' }),
    'text-optional': text({ describe: '', pattern: /a/, patternMeans: 'an a' }),
    'secret-required': secret({ required: true, describe: '' }),
    'secret-optional': secret({ describe: '', environment: 'TOKEN' }),
    'secret-file': secretFile({ describe: '' }),
    'choice-required': choice(['on', 'off'], { required: true, describe: '' }),
    'choice-default': choice(['on', 'off'], { default: 'on', describe: '' }),
    'choice-optional': choice(['on', 'off'], { describe: '' }),
    'boolean-default': boolean({ default: 'false', describe: '' }),
    'boolean-optional': boolean({ describe: '' }),
    'integer-default': integer({ default: '3', describe: '', min: 1, max: 9 }),
    'duration-required': duration({ required: true, describe: '' }),
    'list-optional': list({ describe: '', pattern: /a/ }),
    'map-required': map({ required: true, describe: '' }),
    'file-optional': filePath({ describe: '' }),
    'yaml-required': yaml(schema, { required: true, describe: '' }),
    'yaml-file-optional': yamlFile(schema, { describe: '' }),
    ...sessionInputs,
  },
  outputs: { changed: '' },
  async run({ inputs }) {
    same<(typeof inputs)['text-required'], string>(true);
    same<(typeof inputs)['text-default'], string>(true);
    same<(typeof inputs)['text-optional'], string | undefined>(true);
    same<(typeof inputs)['secret-required'], string>(true);
    same<(typeof inputs)['secret-optional'], string | undefined>(true);
    same<(typeof inputs)['secret-file'], Buffer | undefined>(true);
    same<(typeof inputs)['choice-required'], 'on' | 'off'>(true);
    same<(typeof inputs)['choice-default'], 'on' | 'off'>(true);
    same<(typeof inputs)['choice-optional'], 'on' | 'off' | undefined>(true);
    same<(typeof inputs)['boolean-default'], boolean>(true);
    same<(typeof inputs)['boolean-optional'], boolean | undefined>(true);
    same<(typeof inputs)['integer-default'], number>(true);
    same<(typeof inputs)['duration-required'], number>(true);
    same<(typeof inputs)['list-optional'], readonly string[] | undefined>(true);
    same<(typeof inputs)['map-required'], Readonly<Record<string, string>>>(true);
    same<(typeof inputs)['file-optional'], string | undefined>(true);
    same<(typeof inputs)['yaml-required'], { name: string }>(true);
    same<NonNullable<(typeof inputs)['yaml-file-optional']>['content'], { name: string }>(true);
    same<(typeof inputs)['session'], string>(true);
    same<(typeof inputs)['dry-run'], boolean>(true);
    same<(typeof inputs)['deadline'], number>(true);
    // @ts-expect-error an input that the task does not have
    inputs.nothing;
    // @ts-expect-error inputs cannot be changed
    inputs.session = 'mw-1';
    return { changed: 'www.example.com' };
  },
});
