import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { bundleProbes, type Ended, HOSTS, type HostName, nodes, run, type Start } from './drive.ts';

const TOKEN = 'canary/tok en+"1"';
const KEY_LINES = ['-----BEGIN CANARY KEY-----', 'canary/second"_line\\*', 'canary%third&line='];
const KEY = KEY_LINES.join('\n');
const SECRETS = { 'api-token': TOKEN, 'private-key': KEY };
/** Where the runs end when nobody heeds a cancel: hosts kill after 7.5 s. */
const LATEST_END = 5_000;

const HOSTILE_LINES = [
  ': :set-output name=stolen::1',
  '  : :error::forged',
  ': :add-mask::forged',
  '# #vso[task.setvariable variable=stolen]1',
  'in a line # #[error]forged',
  '# #VSO[task.complete result=Succeeded]',
  '# #vso[task.complete result=Succeeded]',
  'carriage',
  ': :set-env name=PATH::/tmp',
  'return',
];
const PLAN = [
  'Plan: 2 changes.',
  '  a.example.com CNAME: origin → page',
  '  b.example.com CNAME: origin → page',
  'Changed: a.example.com CNAME',
];
const STANDING = 'Changed and still standing: a.example.com CNAME (page). Not changed: b.example.com CNAME (page).';

const available = nodes();
for (const version of ['20', '24']) {
  if (!available.some((node) => node.version === version))
    console.warn(`The hosts' contract was NOT run on Node ${version}: there is none on the path.`);
}

let entries: Record<HostName, string>;
beforeAll(async () => {
  entries = await bundleProbes();
});

/** Lines of standard output, the masks first. */
function lines(ended: Ended): string[] {
  return ended.stdout.split('\n').slice(0, -1);
}

/** The lines a host obeys: GitHub at the start of a line after white space, both anywhere with `##[` and `##vso[`. */
function commands(ended: Ended): string[] {
  return `${ended.stdout}\n${ended.stderr}`
    .split(/[\r\n]/)
    .filter((line) => /^[\s\u0085]*::/.test(line) || /##(vso)?\[/i.test(line));
}

function errors(ended: Ended): string[] {
  return commands(ended).filter((line) => /^::error|^##vso\[task\.logissue type=error|##\[error\]/.test(line));
}

function failureText(host: HostName, ended: Ended): string {
  if (host === 'local') return /^Error: ([\s\S]*)\n$/m.exec(ended.stderr)?.[1] ?? '';
  return errors(ended)[0]?.replace(/^(::error::|##vso\[task\.logissue type=error;\])/, '') ?? '';
}

/** Everything of a run that anybody can read afterwards, but for the masks themselves. */
function readable(ended: Ended): string {
  const withoutMasks = ended.stdout.replace(/^(::add-mask::|##vso\[task\.setsecret\]).*$/gm, '');
  return [withoutMasks, ended.stderr, ...Object.values(ended.files)].join('\n');
}

function expectNoCanary(ended: Ended): void {
  for (const secret of [TOKEN, ...KEY_LINES]) {
    const forms = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), `\\${secret}`];
    for (const form of forms) expect(readable(ended)).not.toContain(form);
  }
  expect(readable(ended)).not.toMatch(/canary/i);
}

function fileNamed(ended: Ended, pattern: RegExp): string {
  return Object.entries(ended.files).find(([name]) => pattern.test(name))?.[1] ?? '';
}

// Most of the time is spent waiting for tasks that do not heed a cancel.
vi.setConfig({ maxConcurrency: 12 });

describe.concurrent.each(available)('on Node $version', (node) => {
  const start = (host: HostName, mode: string, more: Partial<Start> = {}) =>
    run({ node: node.path, host, entry: entries[host], ...more, inputs: { mode, ...SECRETS, ...more.inputs } });

  describe('what a task says', () => {
    test('reaches GitHub as its runner reads it', async () => {
      const ended = await start('github', 'speak', { debug: true, inputs: { hosts: 'a.example.com\nb.example.com' } });

      const hostile = HOSTILE_LINES.join('\n');
      const inOneLine = HOSTILE_LINES.map((line) => line.trim())
        .join(' ')
        .replace(': :set', '::set');
      expect(ended.stdout).toBe(
        [
          '::add-mask::canary/tok en+"1"',
          '::add-mask::-----BEGIN CANARY KEY-----',
          '::add-mask::canary/second"_line\\*',
          '::add-mask::canary%25third&line=',
          '::debug::debug *** *** ***',
          `::group::Group ${inOneLine} *** *** ***`,
          'hosts: a.example.com b.example.com',
          '::endgroup::',
          `${hostile} *** *** ***`,
          `::warning::careful ${hostile.replace(': :set', '::set').replaceAll('\n', '%0A')} *** *** ***`,
          ...PLAN,
          `note ${hostile.replace(': :set', '::set')} *** *** *** "*** *** ***"`,
          'Results; *** *** ***: the test results are in /tmp/results.xml',
          '',
        ].join('\n'),
      );
      expect(ended.files.output).toMatch(
        /^changed-hosts<<(ghadelimiter_[0-9a-f-]{36})\na\.example\.com\nb\.example\.com\n\1\nnote<<(ghadelimiter_[0-9a-f-]{36})\n100%; \] \*\*\* \*\*\* \*\*\*\n\2\n$/,
      );
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    });

    test('reaches Azure Pipelines as its agent reads it', async () => {
      const ended = await start('azure', 'speak', { debug: true, inputs: { hosts: 'a.example.com\nb.example.com' } });

      const hostile = HOSTILE_LINES.join('\n');
      const inOneLine = HOSTILE_LINES.map((line) => line.trim())
        .join(' ')
        .replace(': :set', '::set');
      expect(ended.stdout.replace(/(?<=\/temp\/)maintenance-\d+-\d+/, 'summary').replaceAll(ended.folder, '')).toBe(
        [
          '##vso[task.setsecret]canary/tok en+"1"',
          '##vso[task.setsecret]-----BEGIN CANARY KEY-----',
          '##vso[task.setsecret]canary/second"_line\\*',
          '##vso[task.setsecret]canary%AZP25third&line=',
          '##vso[task.debug]debug *** *** ***',
          `##[group]Group ${inOneLine} *** *** ***`,
          'hosts: a.example.com b.example.com',
          '##[endgroup]',
          `${hostile} *** *** ***`,
          `##vso[task.logissue type=warning;]careful ${hostile.replace(': :set', '::set').replaceAll('\n', '%0A')} *** *** ***`,
          ...PLAN,
          `note ${hostile.replace(': :set', '::set')} *** *** *** "*** *** ***"`,
          '##vso[results.publish type=JUnit;mergeResults=true;runTitle=Results%3B *** *** ***;publishRunAttachments=true;resultFiles=/tmp/results.xml;testRunSystem=VSTSTask;]',
          '##vso[task.setvariable variable=changedHosts;isOutput=true;issecret=false;]a.example.com%0Ab.example.com',
          '##vso[task.setvariable variable=note;isOutput=true;issecret=false;]100%AZP25; ] *** *** ***',
          '##vso[task.uploadsummary]/temp/summary.md',
          '##vso[task.complete result=SucceededWithIssues;]',
          '',
        ].join('\n'),
      );
      expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
      // The library's own start would have left its key there.
      expect(Object.keys(ended.files).filter((name) => name.includes('taskkey'))).toEqual([]);
    });

    test('leaves only the outputs on standard output in a terminal', async () => {
      const ended = await start('local', 'speak', {
        debug: true,
        inputs: { hosts: 'a.example.com\nb.example.com' },
        flags: ['--output=../output.json'],
      });

      expect(ended.stdout).toBe('changed-hosts="a.example.com\\nb.example.com"\nnote=100%; ] *** *** ***\n');
      expect(JSON.parse(ended.files['output.json'] ?? '')).toEqual({
        'changed-hosts': 'a.example.com\nb.example.com',
        note: '100%; ] *** *** ***',
      });
      expect(ended.stderr).toContain(`${HOSTILE_LINES.join('\n')} *** *** ***\n`);
      expect(ended.stderr).toContain('probe: succeeded\n\nWhat                 Before  After  State\n');
      expect(ended).toMatchObject({ code: 0, signal: null });
    });

    test.each(HOSTS)('on %s shows no secret in any form, with debugging switched on', async (host) => {
      const summaryFile = host === 'local' ? { flags: ['--summary=../summary.md'] } : {};
      const ended = await start(host, 'speak', { debug: true, ...summaryFile });

      expectNoCanary(ended);
      expect(fileNamed(ended, /summary\.md|maintenance-.*\.md/) || ended.stderr).toContain('succeeded');
      expect(fileNamed(ended, /evidence/)).toContain('"outcome": "succeeded"');
    });

    test.each(HOSTS)('on %s is a summary that nothing can break out of', async (host) => {
      const summaryFile = host === 'local' ? { flags: ['--summary=../summary.md'] } : {};
      const ended = await start(host, 'speak', summaryFile);

      const summary = fileNamed(ended, host === 'azure' ? /maintenance-.*\.md/ : /summary\.md/);
      expect(summary).toMatch(/^### probe: succeeded\n\n\| What \| Before \| After \| State \|\n/);
      expect(summary).toContain('| a.example.com CNAME | origin | page | changed |\n');
      expect(summary).not.toMatch(/^\s*::|##(vso)?\[/im);
      // The row with hostile text is one line, closed at its end.
      expect(summary.split('\n').filter((line) => line.includes('name=PATH'))).toEqual([
        expect.stringMatching(/^\| .* \|$/),
        expect.stringMatching(/^- note /),
      ]);
    });

    test('is folded into plain lines on GitHub after ten warnings', async () => {
      const ended = await start('github', 'warn');

      expect(commands(ended).filter((line) => line.startsWith('::warning::'))).toHaveLength(10);
      expect(lines(ended).slice(-2)).toEqual(['Warning: warning 11', 'Warning: warning 12']);
    });

    test('survives a GitHub runner without output and summary files', async () => {
      const gone = { GITHUB_OUTPUT: '/nowhere/output', GITHUB_STEP_SUMMARY: '' };
      const ended = await start('github', 'speak', { environment: gone });

      expect(ended.code).toBe(0);
      expect(ended.stdout).toContain('Output changed-hosts (there is no GITHUB_OUTPUT to keep it): a.example.com');
    });

    test('is cut on GitHub where an annotation would be, and whole in the log', async () => {
      const hosts = Array.from({ length: 400 }, (_, index) => `bad host ${index}`).join('\n');
      const ended = await start('github', 'speak', { inputs: { hosts } });

      const annotation = decodeURIComponent(failureText('github', ended));
      expect(annotation).toHaveLength(4_096);
      expect(annotation.endsWith(' … (the whole message is in the log)')).toBe(true);
      expect(ended.stdout).toContain('\n  - hosts: "bad host 399" is not a host name\n');
    });
  });

  describe.each(HOSTS)('a failure on %s', (host) => {
    const expectFailed = (ended: Ended) => {
      expect(ended).toMatchObject({ code: 1, signal: null });
      if (host !== 'local') expect(errors(ended)).toHaveLength(1);
      if (host === 'azure') expect(lines(ended).at(-1)).toBe('##vso[task.complete result=Failed;]');
      expectNoCanary(ended);
      expect(fileNamed(ended, /evidence/)).toContain('"outcome": "failed"');
    };

    test('that was foreseen is one annotation with what happened, what stands and what to do', async () => {
      const ended = await start(host, 'fail', { debug: true });

      expectFailed(ended);
      const line = (text: string) => (host === 'local' ? text : text.replaceAll('\n', '%0A'));
      const hostile = HOSTILE_LINES.join('\n').replace(': :set', '::set');
      expect(failureText(host, ended)).toBe(line(`It broke. ${hostile} *** *** *** ${STANDING} Mend it.`));
    });

    test.each([
      ['a thrown bug', 'throw', `a bug with *** *** ***`],
      ['a rejection that nobody awaits', 'reject', 'nobody awaits *** *** ***'],
      ['an exception in a callback', 'callback', 'thrown by a callback with *** *** ***'],
    ])('by %s says that it is a bug and what stands', async (_, mode, message) => {
      const ended = await start(host, mode, { debug: true });

      expectFailed(ended);
      expect(failureText(host, ended)).toBe(
        `probe failed by a bug of its own: ${message}. Please report it with the debug log. ${STANDING}`,
      );
      expect(ended.stdout + ended.stderr).toContain('RangeError');
    });

    test('by a rejection that shows itself only after the task has returned is still a failure', async () => {
      expectFailed(await start(host, 'reject-and-return'));
    });

    test('by the deadline names what stands, even when the task does not heed it', async () => {
      const ended = await start(host, 'hang', { inputs: { deadline: '1s' } });

      expectFailed(ended);
      expect(failureText(host, ended)).toContain(`The deadline of 1 s was reached. ${STANDING} Run the task again`);
    });

    test.each([
      ['SIGINT', 'hang'],
      ['SIGTERM', 'hang'],
      ['SIGINT', 'stop'],
      ['SIGTERM', 'stop'],
      ['SIGHUP', 'stop'],
    ] as const)('by %s ends in time and names what stands (task: %s)', async (signal, mode) => {
      const ended = await start(host, mode, { signal });

      expectFailed(ended);
      expect(failureText(host, ended)).toContain(`The run was cancelled (${signal}). ${STANDING} Run the task again`);
      expect(ended.tookToStop).toBeLessThan(mode === 'stop' ? 1_500 : LATEST_END);
    });

    test('by a second signal ends at once, and still names what stands', async () => {
      const ended = await start(host, 'hang', { signal: 'SIGINT', twice: true });

      expectFailed(ended);
      expect(failureText(host, ended)).toContain(`The run was cancelled (SIGINT). ${STANDING} Run the task again`);
      expect(ended.tookToStop).toBeLessThan(2_000);
    });

    test('by its inputs names all of them at once, before anything is done', async () => {
      const inputs = { mode: 'spek', hosts: 'A\nb.example.com\nb.example.com', loud: 'yes', deadline: 'soon' };
      const ended = await run({ node: node.path, host, entry: entries[host], inputs: { ...inputs, ...SECRETS } });

      expect(ended.code).toBe(host === 'local' ? 2 : 1);
      const label = (name: string) => (host === 'local' ? `--${name}` : name);
      const text = failureText(host, ended).replaceAll('%0A', '\n');
      expect(text).toContain('probe cannot start: 5 things are wrong with its inputs.');
      expect(text.split('\n').filter((line) => line.startsWith('  - '))).toEqual([
        expect.stringContaining(`  - ${label('mode')}: "spek" is not one of speak,`),
        `  - ${label('hosts')}: "A" is not a host name`,
        `  - ${label('hosts')}: "b.example.com" is there twice`,
        `  - ${label('loud')}: "yes" is neither true nor false`,
        `  - ${label('deadline')}: "soon" is not a duration such as 90s, 15m, 2h or 1h30m`,
      ]);
      expect(text.endsWith('Nothing was changed. Correct all of them and run it again.')).toBe(true);
    });
  });

  describe('what a host gives', () => {
    test.each(HOSTS)('%s hides inputs and secrets from the programs a task starts', async (host) => {
      const environment = {
        github: { ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'hidden' },
        azure: { ENDPOINT_AUTH_SYSTEMVSSCONNECTION: '{}', SECRET_OTHER: 'hidden' },
        local: {},
      }[host];
      const ended = await start(host, 'children', { environment });
      expect(readable(ended)).toMatch(/"left":\[\]|\\"left\\":\[\]/);
    });

    test('Azure’s agent announces its proxy, with the password masked and hidden', async () => {
      const ended = await start('azure', 'children', {
        debug: true,
        environment: {
          AGENT_PROXYURL: 'http://proxy.example.com:3128',
          AGENT_PROXYUSERNAME: 'agent',
          SECRET_AGENT_PROXYPASSWORD: 'canary:p@ss',
          AGENT_PROXYBYPASSLIST: '["internal\\\\.example\\\\.com", "(a|b)"]',
        },
      });

      expect(lines(ended).slice(0, 2)).toEqual([
        '##vso[task.setsecret]canary:p@ss',
        '##vso[task.setsecret]canary%AZP253Ap%AZP2540ss',
      ]);
      const expected = 'http://agent:canary%3Ap%40ss@proxy.example.com:3128'.length;
      expect(ended.stdout).toContain(
        `{"left":[],"HTTPS_PROXY":${expected},"same":true,"NO_PROXY":"internal.example.com,.internal.example.com"}`,
      );
      expectNoCanary(ended);
    });

    test('an Azure service connection with a secret is read, and its secret masked', async () => {
      const ended = await start('azure', 'connection', {
        debug: true,
        inputs: { connection: 'aaaa-BBBB' },
        environment: {
          'ENDPOINT_AUTH_SCHEME_aaaa-BBBB': 'ServicePrincipal',
          'ENDPOINT_AUTH_PARAMETER_aaaa-BBBB_TENANTID': 'tenant',
          'ENDPOINT_AUTH_PARAMETER_aaaa-BBBB_SERVICEPRINCIPALID': 'client',
          'ENDPOINT_AUTH_PARAMETER_aaaa-BBBB_SERVICEPRINCIPALKEY': 'canary-secret',
        },
      });

      expect(ended.stdout).toContain(']tenant client 13\n');
      expect(ended.stdout).toContain('##vso[task.setsecret]canary-secret\nsecret ***\n');
      expectNoCanary(ended);
    });

    test('a federated Azure service connection has no secret', async () => {
      const ended = await start('azure', 'connection', {
        inputs: { connection: 'aaaa' },
        environment: {
          ENDPOINT_AUTH_AAAA:
            '{"scheme":"WorkloadIdentityFederation","parameters":{"tenantId":"tenant","serviceprincipalid":"client"}}',
        },
      });
      expect(ended.stdout).toContain(']tenant client undefined\n');
    });

    test('an Azure service connection that the job may not use is an error with a remedy', async () => {
      const ended = await start('azure', 'connection', { inputs: { connection: 'aaaa' } });
      expect(failureText('azure', ended)).toContain('There is no service connection aaaa in this job.');
      expect(ended.code).toBe(1);
    });

    test('an identity token is fetched from the host and never shown', async () => {
      const seen: string[] = [];
      const server = createServer((request, response) => {
        seen.push(`${request.method} ${request.url} ${request.headers.authorization}`);
        response.end(JSON.stringify({ value: 'canary-github-token', oidcToken: 'canary-azure-token' }));
      });
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      try {
        const github = await start('github', 'token', {
          debug: true,
          environment: {
            ACTIONS_ID_TOKEN_REQUEST_URL: `${base}/token?run=1`,
            ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'canary-request',
          },
        });
        const azure = await start('azure', 'token', {
          debug: true,
          inputs: { connection: 'aaaa' },
          environment: {
            SYSTEM_OIDCREQUESTURI: `${base}/oidc`,
            ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN: 'canary-access',
          },
        });

        expect(seen).toEqual([
          'GET /token?run=1&audience=api%3A%2F%2FAzureADTokenExchange Bearer canary-request',
          'POST /oidc?api-version=7.1&serviceConnectionId=aaaa Bearer canary-access',
        ]);
        expect(github.files.output).toContain('\n19\n');
        expect(azure.stdout).toContain('variable=note;isOutput=true;issecret=false;]18\n');
        expectNoCanary(github);
        expectNoCanary(azure);
      } finally {
        server.close();
      }
    });

    test('Azure’s agent has a CA of its own, and it is trusted where Node can be told so', async () => {
      const authority = createAuthority('Agent CA');
      const { certificate: cert, key } = authority.issue({ names: ['localhost'] });
      const server = createTlsServer({ cert, key }, (_, response) => response.end('{"oidcToken":"canary-token"}'));
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      try {
        const ended = await start('azure', 'token', {
          debug: true,
          inputs: { connection: 'aaaa', deadline: '10s' },
          files: { 'agent-ca.pem': authority.certificate },
          environment: {
            AGENT_CAINFO: 'agent-ca.pem',
            SYSTEM_OIDCREQUESTURI: `https://localhost:${(server.address() as AddressInfo).port}/oidc`,
            SYSTEM_ACCESSTOKEN: 'canary-access',
          },
        });
        if (node.version === '20') {
          expect(ended.stdout).toContain('set NODE_EXTRA_CA_CERTS to it on the agent');
          expect(failureText('azure', ended)).toContain('NODE_EXTRA_CA_CERTS');
        } else {
          expect(ended.code).toBe(0);
        }
        expectNoCanary(ended);
      } finally {
        server.close();
      }
    });

    test.each(HOSTS)('%s says what is missing when it has no identity token', async (host) => {
      const ended = await start(host, 'token');
      expect(ended.code).toBe(1);
      expect(failureText(host, ended)).toMatch(/identity token.*Nothing was changed\. (Add|Give|Use) /);
    });
  });

  describe('a terminal', () => {
    test('refuses secrets as flags, and says where they belong', async () => {
      const ended = await run({
        node: node.path,
        host: 'local',
        entry: entries.local,
        inputs: { mode: 'speak' },
        flags: ['--api-token', 'canary-on-the-command-line', '--hots', 'a', '--private-key=canary', 'stray'],
      });

      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('put it into the environment as PROBE_TOKEN\n');
      expect(ended.stderr).toContain('put it into the environment as PRIVATE_KEY\n');
      expect(ended.stderr).toContain('hots: is not an input of probe; did you mean "hosts"?\n');
      expect(ended.stderr).toContain('"stray" stands alone; inputs are given as --name value\n');
      expectNoCanary(ended);
    });

    test('shows help that is made from the definition', async () => {
      const ended = await run({ node: node.path, host: 'local', entry: entries.local, inputs: {}, flags: ['--help'] });

      expect(ended).toMatchObject({ code: 0, stderr: '' });
      expect(ended.stdout).toMatch(/^probe: Does what a task may do to its host\.\n\nUsage: probe --name value …\n/);
      expect(ended.stdout).toMatch(/\n {2}--hosts LIST +Hosts, one per line\.\n/);
      expect(ended.stdout).toMatch(/\n {2}--dry-run +default false +Stop after the plan: nothing is changed\.\n/);
      expect(ended.stdout).toMatch(/\nSecrets, from the environment\n {2}PROBE_TOKEN +A secret of one line\.\n/);
    });

    test('shows no colours when nobody looks', async () => {
      const ended = await start('local', 'fail');
      expect(ended.stderr).not.toContain('\u001b');
    });
  });
});
