import { boolean, choice, defineTask, list, secret, sessionInputs, TaskError, text } from '@maintenance-tasks/core';

/** Text as a hostile system could answer it: every form of command that a host would obey. */
export const HOSTILE = [
  '::set-output name=stolen::1',
  '  ::error::forged',
  '\u0085::add-mask::forged',
  '##vso[task.setvariable variable=stolen]1',
  'in a line ##[error]forged',
  '##VSO[task.complete result=Succeeded]',
  '#\u0000#vso[task.complete result=Succeeded]',
  'carriage\r::set-env name=PATH::/tmp\rreturn',
].join('\n');

const forever = () => new Promise<never>(() => setInterval(() => {}, 1_000));

/** Does what a task may do to its host, the good and the bad. */
export default defineTask({
  name: 'probe',
  azure: { id: '4d1f52b4-7d9e-4a3e-9f57-0c5d0f3a9e11', category: 'Utility' },
  summary: 'Does what a task may do to its host.',
  needs: { Nothing: ['no rights'] },
  mutates: true,
  inputs: {
    mode: choice(
      [
        'speak',
        'fail',
        'warn',
        'throw',
        'reject',
        'reject-and-return',
        'callback',
        'hang',
        'stop',
        'token',
        'connection',
        'children',
      ],
      { required: true, describe: 'What to do.' },
    ),
    hosts: list({ describe: 'Hosts, one per line.', pattern: /^[a-z.]+$/, patternMeans: 'a host name' }),
    'api-token': secret({ environment: 'PROBE_TOKEN', describe: 'A secret of one line.' }),
    'private-key': secret({ describe: 'A secret of several lines.' }),
    connection: text({ describe: 'Service connection.' }),
    loud: boolean({ default: 'false', describe: 'Says more.' }),
    ...sessionInputs,
    session: text({ describe: 'Session.', default: 'mw-test' }),
    evidence: text({ describe: 'Evidence folder.', default: 'evidence' }),
  },
  outputs: { 'changed-hosts': 'Hosts that were changed.', note: 'Any text.' },
  async run(context) {
    const { inputs, log, report } = context;
    const secrets = `${inputs['api-token']} ${inputs['private-key']} ${encodeURIComponent(inputs['private-key'] ?? '')}`;
    const change = () => {
      report.plan([
        { id: 'a', what: 'a.example.com CNAME', before: 'origin', after: 'page' },
        { id: 'b', what: 'b.example.com CNAME', before: 'origin', after: 'page' },
      ]);
      report.changed('a');
    };
    switch (inputs.mode) {
      case 'speak':
        log.debug(`debug ${secrets}`);
        await log.group(`Group ${HOSTILE} ${secrets}`, async () => log.info(`hosts: ${inputs.hosts?.join(' ')}`));
        log.info(`${HOSTILE} ${secrets}`);
        log.warning(`careful ${HOSTILE} ${secrets}`);
        change();
        report.note(`note ${HOSTILE} ${secrets} ${JSON.stringify(secrets)}`);
        report.table({ title: `Table ${secrets}`, columns: ['Key'], rows: [[secrets], [HOSTILE]] });
        context.testResults('/tmp/results.xml', `Results; ${secrets}`);
        return { 'changed-hosts': 'a.example.com\nb.example.com', note: `100%; ] ${secrets}` };
      case 'warn':
        for (let count = 1; count <= 12; count++) log.warning(`warning ${count}`);
        return {};
      case 'fail':
        change();
        throw new TaskError('remote', { what: `It broke. ${HOSTILE} ${secrets}`, remedy: 'Mend it.' });
      case 'throw':
        change();
        throw new RangeError(`a bug with ${secrets}`);
      case 'reject':
        change();
        void Promise.reject(new RangeError(`nobody awaits ${secrets}`));
        return forever();
      case 'reject-and-return':
        void Promise.reject(new RangeError(`nobody awaits ${secrets}`));
        return {};
      case 'callback':
        change();
        setTimeout(() => {
          throw new RangeError(`thrown by a callback with ${secrets}`);
        }, 10);
        return forever();
      case 'hang':
        change();
        log.info('hanging');
        return forever();
      case 'stop':
        change();
        log.info('hanging');
        await context.clock.sleep(60_000, context.signal);
        return {};
      case 'token': {
        const token = await context.identityToken('api://AzureADTokenExchange', inputs.connection);
        log.info(`token ${token}`);
        return { note: String(token.length) };
      }
      case 'connection': {
        const found = context.azureConnection(inputs.connection ?? '');
        log.info(`secret ${found?.clientSecret}`);
        return { note: `${found?.tenantId} ${found?.clientId} ${found?.clientSecret?.length}` };
      }
      case 'children': {
        const left = Object.keys(process.env).filter((name) =>
          /^(INPUT_|ACTIONS_ID_TOKEN|ENDPOINT_AUTH|SECRET_)/i.test(name),
        );
        const { HTTPS_PROXY, HTTP_PROXY, NO_PROXY } = process.env;
        return {
          note: JSON.stringify({ left, HTTPS_PROXY: HTTPS_PROXY?.length, same: HTTP_PROXY === HTTPS_PROXY, NO_PROXY }),
        };
      }
    }
  },
});
