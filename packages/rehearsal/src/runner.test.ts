// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how pipelines write expressions
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { readAzurePipeline } from './azure/pipeline.ts';
import { AzurePlay } from './azure/play.ts';
import type { PublishedTask } from './catalogue.ts';
import { readGithubPipeline } from './github/pipeline.ts';
import { GithubPlay } from './github/play.ts';
import type { HostName, Step } from './plan.ts';
import { type RehearsalProxy, startProxy } from './proxy.ts';
import { RehearsedClock } from './rehearsed-clock.ts';
import { type HostRun, type StepRun, stepsOf } from './run-record.ts';
import { type RunOptions, runPipeline } from './runner.ts';
import { Secrets } from './secrets.ts';
import type { StandIn } from './stand-in.ts';

// A stand-in for a bundle: it does what its input tells it, in the words of the host that runs it.
const PROBE = `
const { env } = process;
const say = (name) => env['INPUT_' + name.toUpperCase()] ?? '';
const fs = require('node:fs');
const output = (name, value) => env.GITHUB_OUTPUT
  ? fs.appendFileSync(env.GITHUB_OUTPUT, name + '<<END\\n' + value + '\\nEND\\n')
  : console.log('##vso[task.setvariable variable=' + name + ';isOutput=true]' + value);
output('heard', say('text'));
output('now', new Date().toISOString());
output('identity', String(Boolean(env.ACTIONS_ID_TOKEN_REQUEST_URL ?? env.SYSTEM_OIDCREQUESTURI)));
if (say('write')) { fs.mkdirSync('out', { recursive: true }); fs.writeFileSync('out/' + say('write'), say('text')); }
if (say('read')) console.log('read ' + fs.readFileSync(say('read'), 'utf8'));
if (say('print')) console.log(say('print'));
if (say('token')) { console.log(env.GITHUB_ACTIONS ? '::add-mask::' + say('token') : '##vso[task.setsecret]' + say('token')); }
if (say('fail')) { console.log(env.GITHUB_ACTIONS ? '::error::it broke%0Abadly' : '##vso[task.logissue type=error]it broke%0Abadly'); process.exitCode = 1; }
if (say('calls')) {
  const http = require('node:http');
  const proxy = new URL(env.HTTP_PROXY);
  const headers = { host: 'api.example.com', 'proxy-authorization': 'Basic ' + Buffer.from(decodeURIComponent(proxy.username) + ':x').toString('base64') };
  (async () => { for (let n = 0; n < Number(say('calls')); n++) await new Promise((done) => http.get({ host: proxy.hostname, port: proxy.port, path: 'http://api.example.com/' + n, headers }, (answer) => answer.resume().on('end', done))); })();
}
`;

const inputs = Object.fromEntries(
  ['text', 'write', 'read', 'print', 'token', 'fail', 'calls'].map((name) => [
    name,
    { required: false, default: undefined, type: 'string' },
  ]),
);
const folder = mkdtempSync(join(tmpdir(), 'runner-test-'));
const bundle = join(folder, 'probe.cjs');
const task: PublishedTask = { name: 'probe', calledAs: 'probe', major: 0, bundle, inputs };
const marks: string[] = [];
const system: StandIn = {
  name: 'System',
  hosts: ['api.example.com'],
  answer: ({ url }) => {
    marks.push(url.pathname);
    return { status: 200 };
  },
  state: () => ({ marks }),
  leftovers: () => marks.map((mark) => `${mark} stands`),
};
const SECRET = 'canary-5f0e2b7c91';
let proxy: RehearsalProxy;

beforeAll(async () => {
  writeFileSync(bundle, PROBE);
  mkdirSync(join(folder, 'source'));
  writeFileSync(join(folder, 'source', 'window.yaml'), 'name: x');
  proxy = await startProxy({ standIns: [], now: () => new Date() });
});
afterEach(() => void marks.splice(0));
afterAll(async () => {
  await proxy.close();
  rmSync(folder, { recursive: true });
});

async function play(host: HostName, text: string, extra: Partial<RunOptions> = {}): Promise<HostRun> {
  const secrets = new Secrets();
  secrets.know({ name: 'TOKEN', value: SECRET, pieces: [SECRET] });
  const clock = new RehearsedClock();
  clock.startAt(new Date('2026-11-21T20:00:00Z'));
  const common = {
    secrets: { TOKEN: SECRET },
    variables: { place: 'here' },
    tasks: [task],
    startedBy: 'somebody',
    mask: (value: string) => secrets.mask(value),
  };
  const pipeline =
    host === 'github' ? readGithubPipeline('w.yml', text, [task]) : readAzurePipeline('p.yml', text, [task]);
  const runFolder = mkdtempSync(join(folder, 'run-'));
  return runPipeline({
    pipeline,
    play:
      host === 'github'
        ? new GithubPlay(pipeline, {
            ...common,
            holdsSecret: (text: string) => secrets.clean(text) !== text,
            inputs: {},
            identity: { url: 'https://id.example.com', token: 'a' },
          })
        : new AzurePlay(pipeline, {
            ...common,
            now: clock.now,
            connections: {},
            identity: { url: 'https://id.example.com', token: 'a' },
          }),
    proxy,
    clock,
    secrets,
    node: { path: process.execPath, version: process.versions.node },
    bundles: { probe: bundle },
    source: join(folder, 'source'),
    folder: runFolder,
    dns: undefined,
    zone: 'UTC',
    standIns: [system],
    runScripts: false,
    foreignOutputs: (step: Step) => (step.id === 'login' ? { user: 'foreign' } : {}),
    startOf: () => undefined,
    approve: async (gate) => ({ gate, by: 'somebody', how: 'named', approved: true }),
    asksApproval: () => true,
    fails: () => false,
    kills: () => undefined,
    watcher: {},
    ...extra,
  });
}

function step(run: HostRun, title: string): StepRun {
  return stepsOf(run).find((each) => each.title === title) as StepRun;
}

function results(run: HostRun): Record<string, string> {
  return Object.fromEntries(run.stages.map((stage) => [stage.id, stage.result]));
}

const probe = (title: string, given: Record<string, string>, more = '') =>
  `      - name: ${title}\n        uses: ./actions/probe\n${more}        with: ${JSON.stringify(given)}\n`;

describe('a GitHub workflow', () => {
  it('hands outputs from step to step and from job to job', async () => {
    const run = await play(
      'github',
      `on: push
env: {LEVEL: top}
jobs:
  a:
    runs-on: x
    outputs: {said: "\${{ steps.first.outputs.heard }}"}
    steps:
${probe('first', { text: 'hello ${{ vars.place }} ${{ env.LEVEL }}' }, '        id: first\n')}  b:
    needs: a
    runs-on: x
    steps:
${probe('second', { text: '${{ needs.a.outputs.said }}!' })}`,
    );
    expect(step(run, 'second').outputs.heard).toBe('hello here top!');
    expect(run.result).toBe('succeeded');
  });

  it('skips what needs a failed job, and runs what is always to run', async () => {
    const job = (needs: string, given: object, condition = '') =>
      `    needs: ${needs}\n${condition}    runs-on: x\n    steps:\n${probe('p', given as Record<string, string>)}`;
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n${job('[]', { fail: 'yes' })}  b:\n${job('a', {})}  c:\n${job('b', {})}  clean:\n${job('[a, b, c]', {}, '    if: always()\n')}  after-failure:\n${job('c', {}, '    if: failure()\n')}`,
    );
    expect(results(run)).toEqual({
      a: 'failed',
      b: 'skipped',
      c: 'skipped',
      clean: 'succeeded',
      'after-failure': 'succeeded',
    });
    expect(step(run, 'p').annotations).toEqual([{ kind: 'error', text: 'it broke\nbadly' }]);
  });

  it('tells later jobs of one that was skipped', async () => {
    const run = await play(
      'github',
      `on: push
jobs:
  a: {runs-on: x, if: "\${{ false }}", steps: [{run: exit 0}]}
  b:
    needs: a
    if: always()
    runs-on: x
    steps:
${probe('second', { text: '${{ needs.a.result }}' })}`,
    );
    expect(step(run, 'second').outputs.heard).toBe('skipped');
  });

  it('goes on after a failed step only where it is told to', async () => {
    const steps = [
      probe('forgiven', { fail: 'yes' }, '        continue-on-error: true\n'),
      probe('broken', { fail: 'yes' }),
      probe('skipped', {}),
      probe('cleaned', {}, '        if: ${{ failure() }}\n'),
    ];
    const run = await play('github', `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${steps.join('')}`);
    expect(stepsOf(run).map(({ title, result, forgiven }) => [title, result, forgiven])).toEqual([
      ['forgiven', 'failed', true],
      ['broken', 'failed', false],
      ['skipped', 'skipped', false],
      ['cleaned', 'succeeded', false],
    ]);
  });

  it('gives each job an empty machine, and lets files travel as artifacts only', async () => {
    const upload = '      - uses: actions/upload-artifact@v4\n        with: {name: evidence-a, path: out}\n';
    const download =
      '      - uses: actions/download-artifact@v4\n        with: {pattern: evidence-*, path: in, merge-multiple: true}\n';
    const run = await play(
      'github',
      `on: push
jobs:
  a:
    runs-on: x
    steps:
      - uses: actions/checkout@v4
${probe('reads the window', { read: 'window.yaml' })}${probe('writes', { write: 'a.json', text: 'evidence' })}${upload}  b:
    needs: a
    runs-on: x
    steps:
${download}${probe('fetched', { read: 'in/a.json' })}${probe('not there', { read: 'out/a.json' })}`,
    );
    expect(step(run, 'reads the window').log).toContain('read name: x');
    expect(step(run, 'fetched').log).toContain('read evidence');
    expect(step(run, 'not there').result).toBe('failed');
  });

  it('plays every leg of a matrix, and gives identity tokens to jobs with the permission only', async () => {
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: x\n    permissions: {id-token: write}\n    strategy: {matrix: {n: [1, 2]}}\n    steps:\n${probe('leg ${{ matrix.n }}', { text: '${{ matrix.n }}' })}  b:\n    runs-on: x\n    steps:\n${probe('plain', {})}`,
    );
    expect(stepsOf(run).map(({ title, outputs }) => [title, outputs.identity])).toEqual([
      ['leg 1', 'true'],
      ['leg 2', 'true'],
      ['plain', 'false'],
    ]);
  });

  it('passes over foreign actions and scripts visibly, with the outputs the rehearsal has for them', async () => {
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - {id: login, uses: "azure/login@v2"}\n      - run: exit 1\n${probe('uses it', { text: '${{ steps.login.outputs.user }}' })}`,
    );
    expect(step(run, 'azure/login').note).toContain('passed over');
    expect(step(run, 'exit 1')).toMatchObject({ result: 'succeeded', note: expect.stringContaining('--run-scripts') });
    expect(step(run, 'uses it').outputs.heard).toBe('foreign');
  });

  it('runs scripts where that is allowed, with the shell’s rules', async () => {
    const text =
      'on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n      - name: s\n        id: s\n        run: |\n          echo "who=me" >> "$GITHUB_OUTPUT"\n          false | true\n          echo never\n';
    expect(step(await play('github', text, { runScripts: true }), 's')).toMatchObject({
      result: 'failed',
      exitCode: 1,
      outputs: { who: 'me' },
      log: [],
    });
  });

  it('takes a step as failed that is asked to fail, without running it', async () => {
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${probe('p', { calls: '1' })}`,
      { fails: () => true },
    );
    expect(step(run, 'p')).toMatchObject({ result: 'failed', asked: true, exitCode: undefined });
    expect(run.calls).toEqual([]);
  });

  it('kills a step’s process once its n-th call was carried out', async () => {
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${probe('p', { calls: '5' })}`,
      { kills: () => ({ after: 3 }) },
    );
    expect(step(run, 'p')).toMatchObject({ result: 'failed', asked: true, note: expect.stringContaining('call 3') });
    expect(marks).toEqual(['/0', '/1', '/2']);
    expect(run.stages[0]?.after.leftovers).toHaveLength(3);
  });

  it('does not start a job whose approval is refused', async () => {
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: x\n    environment: prod\n    steps:\n${probe('p', { calls: '1' })}`,
      {
        approve: async (gate) => ({ gate, by: 'somebody', how: 'asked', approved: false }),
      },
    );
    expect(run).toMatchObject({
      result: 'failed',
      calls: [],
      stages: [{ jobs: [{ steps: [], approval: { gate: 'prod', approved: false } }] }],
    });
  });

  it('begins a stage at its hour, and shows that time to its tasks', async () => {
    const hour = new Date('2026-11-22T04:45:00Z');
    const run = await play('github', `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${probe('p', {})}`, {
      startOf: () => hour,
    });
    expect(Math.abs(Date.parse(step(run, 'p').outputs.now as string) - hour.getTime())).toBeLessThan(10_000);
  });
});

describe('secrets', () => {
  it.each(['github', 'azure'] as const)('are masked on %s in all that is shown', async (host) => {
    const text =
      host === 'github'
        ? `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${probe('p', { print: 'learned-value', token: 'learned-value', text: '${{ secrets.TOKEN }}' })}${probe('q', { print: 'learned-value' })}`
        : `steps:\n  - checkout: none\n  - task: probe@0\n    displayName: p\n    inputs: {token: learned-value, text: $(TOKEN)}\n  - task: probe@0\n    displayName: q\n    inputs: {print: learned-value}\n`;
    const run = await play(host, text);
    expect(step(run, 'q').log).toEqual(['***']);
    expect(step(run, 'p').outputs.heard).toBe('***');
    expect(JSON.stringify(run)).not.toContain(SECRET);
  });

  it.each([
    ['printed', { print: 'x ${{ secrets.TOKEN }} x' }, 'printed'],
    ['written to a file', { write: 'a.json', text: '${{ secrets.TOKEN }}' }, 'out/a.json'],
    ['given as an output', { text: '${{ secrets.TOKEN }}' }, 'outputs'],
  ])('that are %s are found', async (_how, given, where) => {
    const run = await play('github', `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${probe('p', given)}`);
    expect(run.leaks.join()).toMatch(new RegExp(`The secret TOKEN stands in .*${where}`));
  });

  it('do not get from one job to another on GitHub: the runner drops such an output', async () => {
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: x\n    outputs: {said: "\${{ steps.p.outputs.heard }}"}\n    steps:\n${probe('p', { text: '${{ secrets.TOKEN }}' }, '        id: p\n')}  b:\n    needs: a\n    runs-on: x\n    steps:\n${probe('q', { text: '<${{ needs.a.outputs.said }}>' })}`,
    );
    expect(step(run, 'q').outputs.heard).toBe('<>');
  });

  it('that are only masked are no leak', async () => {
    const run = await play(
      'github',
      `on: push\njobs:\n  a:\n    runs-on: x\n    steps:\n${probe('p', { token: '${{ secrets.TOKEN }}' })}`,
    );
    expect(run.leaks).toEqual([]);
  });
});

describe('an Azure pipeline', () => {
  const task0 = (title: string, given: Record<string, string>, more = '') =>
    `          - task: probe@0\n            displayName: ${title}\n${more}            inputs: ${JSON.stringify(given)}\n`;

  it('hands outputs over by variables, of deployment jobs too', async () => {
    const run = await play(
      'azure',
      `stages:
  - stage: A
    jobs:
      - deployment: D
        environment: prod
        strategy:
          runOnce:
            deploy:
              steps:
                - task: probe@0
                  name: first
                  inputs: {text: "hello $(place)"}
  - stage: B
    dependsOn: A
    condition: eq(dependencies.A.outputs['D.D.first.heard'], 'hello here')
    variables:
      said: $[ stageDependencies.A.D.outputs['D.first.heard'] ]
    jobs:
      - job: J
        steps:
${task0('second', { text: '$(said)! $(nobody)' })}`,
    );
    expect(step(run, 'second').outputs.heard).toBe('hello here! $(nobody)');
    expect(run.stages[0]?.jobs[0]?.approval?.gate).toBe('prod');
  });

  it('sees only the stages that it depends on', async () => {
    const stage = (id: string, needs: string, value: string) =>
      `  - stage: ${id}\n    dependsOn: ${needs}\n    variables: {v: "$[ stageDependencies.A.J.outputs['s.heard'] ]"}\n    jobs:\n      - job: J\n        steps:\n          - checkout: none\n${task0(id, { text: value }, '            name: s\n')}`;
    const run = await play(
      'azure',
      `stages:\n${stage('A', '[]', 'a')}${stage('B', 'A', '$(v)')}${stage('C', 'B', '<$(v)>')}`,
    );
    expect([step(run, 'B').outputs.heard, step(run, 'C').outputs.heard]).toEqual(['a', '<>']);
  });

  it('skips what depends on a failed stage unless its condition says otherwise', async () => {
    const stage = (id: string, given: Record<string, string>, more = '') =>
      `  - stage: ${id}\n${more}    jobs:\n      - job: J\n        steps:\n${task0('p', given)}`;
    const run = await play(
      'azure',
      `stages:\n${stage('A', { fail: 'x' })}${stage('B', {})}${stage('Clean', {}, '    dependsOn: [A, B]\n    condition: always()\n')}${stage('Failed', {}, '    dependsOn: [A]\n    condition: failed()\n')}`,
    );
    expect(results(run)).toEqual({ A: 'failed', B: 'skipped', Clean: 'succeeded', Failed: 'succeeded' });
  });

  it('fails a publish of a folder that is not there, and a second artifact of one name', async () => {
    const run = await play(
      'azure',
      `steps:\n  - checkout: none\n  - publish: nothing\n    displayName: none\n    continueOnError: true\n  - task: probe@0\n    inputs: {write: a, text: b}\n  - publish: out\n    artifact: x\n    displayName: first\n  - publish: out\n    artifact: x\n    displayName: again\n`,
    );
    expect(['none', 'first', 'again'].map((title) => step(run, title).result)).toEqual([
      'failed',
      'succeeded',
      'failed',
    ]);
    expect(step(run, 'none').forgiven).toBe(true);
  });
});
