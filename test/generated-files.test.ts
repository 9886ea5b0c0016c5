import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { parseActionYml } from '@maintenance-tasks/devkit/contract/action-yml';
import { filesOf, filesOfCheckout, generate, outOfStep } from '@maintenance-tasks/devkit/generate';
import { icon } from '@maintenance-tasks/devkit/generate/icon';
import { loadTasks } from '@maintenance-tasks/devkit/tasks';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { probe } from './generated/probe.ts';

const ROOT = join(import.meta.dirname, '..');
const VERSION = '1.2.3';
const generated = filesOf([probe], VERSION, 'MIT');
const textOf = (path: string) => String(generated.get(path));

describe('the generated files of this checkout', () => {
  it('are in step with the tasks', async () => {
    expect(await outOfStep(await filesOfCheckout())).toEqual({ write: [], remove: [] });
  });

  it('are the same bytes when they are made again', async () => {
    const tasks = await loadTasks();
    expect([...filesOf(tasks, VERSION, 'MIT')]).toEqual([...filesOf(tasks, VERSION, 'MIT')]);
  });
});

describe('generation in a checkout', () => {
  let root: string;

  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), 'checkout-'));
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    const source = join(root, 'packages/tasks/src');
    mkdirSync(join(source, 'door-sign'), { recursive: true });
    mkdirSync(join(source, 'window'));
    cpSync(join(import.meta.dirname, 'generated/probe.ts'), join(source, 'door-sign/probe.ts'));
    writeFileSync(join(source, 'door-sign/task.ts'), "export { probe as default } from './probe.ts';");
    writeFileSync(
      join(source, 'window/schema.ts'),
      "import * as z from 'zod';\nexport const windowSchema = z.strictObject({ name: z.string().describe('Name.') });\n",
    );
    symlinkSync(join(ROOT, 'packages/tasks/node_modules'), join(root, 'packages/tasks/node_modules'));
    writeFileSync(join(root, 'LICENSE'), 'MIT');
    writeFileSync(join(root, 'package.json'), JSON.stringify({ version: VERSION, type: 'module' }));
  });

  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it('writes every file once, and then nothing', async () => {
    const first = await generate(root);
    expect(first.write).toContain('actions/door-sign/action.yml');
    expect(first.write).toContain('maintenance-window.schema.json');
    expect(await generate(root)).toEqual({ write: [], remove: [] });
  });

  it('names what was edited, and what belongs to no task', async () => {
    writeFileSync(join(root, 'ado-tasks/door-sign/README.md'), 'mine');
    mkdirSync(join(root, 'actions/gone/dist'), { recursive: true });
    writeFileSync(join(root, 'actions/gone/action.yml'), 'name: Gone');
    writeFileSync(join(root, 'actions/gone/dist/main.cjs'), '');
    const expected = { write: ['ado-tasks/door-sign/README.md'], remove: ['actions/gone/action.yml'] };
    expect(await outOfStep(await filesOfCheckout(root), root)).toEqual(expected);
    expect(await generate(root)).toEqual(expected);
    expect(await outOfStep(await filesOfCheckout(root), root)).toEqual({ write: [], remove: [] });
    expect(() => readFileSync(join(root, 'actions/gone/dist/main.cjs'))).toThrow(/ENOENT/);
  });

  it('describes the window file for editors', () => {
    const schema = JSON.parse(readFileSync(join(root, 'maintenance-window.schema.json'), 'utf8')) as object;
    expect(schema).toMatchObject({
      type: 'object',
      properties: { name: { type: 'string', description: 'Name.' } },
      required: ['name'],
      additionalProperties: false,
    });
  });

  it('refuses another id for a task that has one', async () => {
    const file = join(root, 'ado-tasks/door-sign/task.json');
    const present = readFileSync(file, 'utf8');
    writeFileSync(file, present.replace(probe.azure.id, '00000000-0000-4000-8000-000000000000'));
    await expect(generate(root)).rejects.toThrow("a task's id never changes");
    writeFileSync(file, present);
  });

  it('says so when the window file has no schema', async () => {
    rmSync(join(root, 'packages/tasks/src/window/schema.ts'));
    await expect(generate(root)).rejects.toThrow('the window file has no schema');
  });
});

describe('a generated task', () => {
  it('is spelled as each host spells', () => {
    const action = parseActionYml(textOf('actions/door-sign/action.yml')) as { inputs: object; runs: object };
    expect(Object.keys(action.inputs)).toContain('sign-token');
    expect(action.runs).toEqual({ using: 'node24', main: 'dist/main.cjs' });
    const task = JSON.parse(textOf('ado-tasks/door-sign/task.json')) as {
      name: string;
      version: object;
      inputs: { name: string; type: string }[];
    };
    expect(task).toMatchObject({ name: 'DoorSign', version: { Major: 1, Minor: 2, Patch: 3 } });
    expect(Object.fromEntries(task.inputs.map(({ name, type }) => [name, type]))).toEqual({
      state: 'pickList',
      doors: 'multiLine',
      signToken: 'string',
      spareKey: 'string',
      connection: 'connectedService:AzureRM',
      polite: 'boolean',
      session: 'string',
      dryRun: 'boolean',
      deadline: 'string',
      evidence: 'string',
    });
  });

  it.each(['action.yml', 'main.ts'])('names its source in the first line of %s', (file) => {
    expect(textOf(`actions/door-sign/${file}`).split('\n')[0]).toContain('packages/tasks/src/door-sign/task.ts');
  });

  it('has a summary with quotes in the registry as it is', () => {
    expect(textOf('packages/tasks/src/registry.ts')).toContain(
      `summary: 'Turns the sign at the door: "open" or \\'closed\\'.'`,
    );
  });
});

describe.each(['actions', 'ado-tasks'])('the README in %s', (folder) => {
  const readme = textOf(`${folder}/door-sign/README.md`);
  const examples = [...readme.matchAll(/```yaml\n([\s\S]*?)```/g)].map(([, yaml]) => parseActionYml(yaml as string));
  const [first, second] = examples.map((steps) => (steps as object[])[0]);
  const [github, azure] = folder === 'actions' ? [first, second] : [second, first];

  it('has an example for GitHub that can be copied, without a boolean where on is meant', () => {
    expect(github).toEqual({
      uses: 'your-org/maintenance-tasks/actions/door-sign@v1.2.3',
      with: {
        state: 'on',
        doors: 'front\nback',
        'sign-token': '$'.concat('{{ secrets.SIGN_TOKEN }}'),
        session: 'mw-202611220600-k7qx',
      },
    });
    expect(readme).toContain('state: "on"');
  });

  it('has an example for Azure with the names spelled its way', () => {
    expect(azure).toEqual({
      task: 'DoorSign@1',
      inputs: { state: 'on', doors: 'front\nback', signToken: '$(SIGN_TOKEN)', session: 'mw-202611220600-k7qx' },
    });
  });

  it('keeps secrets out of the terminal’s command line', () => {
    const [, shell] = /```sh\n([\s\S]*?)```/.exec(readme) as unknown as [string, string];
    expect(shell).toContain('read -rs SIGN_TOKEN && export SIGN_TOKEN');
    expect(shell).not.toContain('--sign-token');
  });

  it('shows both spellings of every input, and no cell breaks its table', () => {
    for (const spelling of Object.keys(probe.inputs)) expect(readme).toContain(`| \`${spelling}\` |`);
    const rows = readme.split('\n').filter((line) => line.startsWith('| `'));
    const cells = rows.map((row) => row.split(/(?<!\\)\|/).length - 2);
    expect(cells).toEqual([...Object.keys(probe.inputs).map(() => 5), 3]);
    expect(readme).toContain('Say &lt;please>.');
  });

  it('says which permissions are needed', () => {
    expect(readme).toContain('Sign Write, Sign Read');
  });
});

describe('the icon', () => {
  it.each([
    [2, 32],
    [8, 128],
  ])('at scale %i is a PNG of %i pixels a side, whole', (scale, side) => {
    const png = icon('Deploy', scale);
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([side, side]);
    const data = png.indexOf('IDAT');
    const pixels = inflateSync(png.subarray(data + 4, data + 4 + png.readUInt32BE(data - 4)));
    expect(pixels.length).toBe(side * (side + 1));
    expect(Math.max(...pixels)).toBe(2);
  });
});
