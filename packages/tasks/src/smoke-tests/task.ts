import {
  defineTask,
  duration,
  integer,
  list,
  map,
  SESSION_PATTERN,
  sessionInputs,
  TaskError,
  text,
  yaml,
  yamlFile,
} from '@maintenance-tasks/core';

const checksSchema = async () => (await import('./schema.ts')).smokeChecks;

export default defineTask({
  name: 'smoke-tests',
  azure: { id: 'e874c952-b7ac-48a7-84ad-676307e4a87d', category: 'Test' },
  summary:
    'Proves from outside that sites, certificates, DNS records and ports answer as they should, behind the maintenance page, too.',
  needs: {},
  mutates: false,
  inputs: {
    checks: yaml(checksSchema, {
      describe: 'The checks, as a YAML list. Either this or checks-file.',
      example: '- {kind: http, name: shop, url: "https://www.example.com/health", expect: {status: 200}}',
    }),
    'checks-file': yamlFile(checksSchema, { describe: 'A YAML file that holds the list of checks.' }),
    tags: list({ describe: 'Run only the checks that have one of these tags, one per line.' }),
    via: map({
      describe:
        'Where to connect instead of asking DNS, as host: address, one per line, to ask an origin behind the maintenance page. Host header and TLS name stay.',
      example: 'www.example.com: 203.0.113.10',
    }),
    concurrency: integer({ default: '10', min: 1, max: 200, describe: 'How many checks are under way at once.' }),
    'junit-file': text({
      pattern: /^[^,;]+$/,
      patternMeans: 'a path without commas and semicolons, which Azure Pipelines cannot publish',
      describe: 'Where to write the JUnit file. Default is a file in the job’s temporary folder.',
    }),
    session: text({
      pattern: SESSION_PATTERN,
      patternMeans: 'a session id (3 to 32 lower-case letters, digits and dashes)',
      describe: 'Id of the maintenance session, if there is one: then an evidence file is written.',
      example: 'mw-202611220600-k7qx',
    }),
    deadline: duration({
      default: '15m',
      describe: 'When to give up, counted from the start of the task: the time of all checks with all their retries.',
    }),
    evidence: sessionInputs.evidence,
  },
  outputs: {
    passed: 'How many checks passed.',
    failed: 'How many gate checks failed.',
    warned: 'How many warn checks failed.',
    'failed-checks': 'Names of the gate checks that failed, one a line.',
    'junit-file': 'Path of the JUnit file.',
  },
  async run(context) {
    const { inputs } = context;
    if ((inputs.checks === undefined) === (inputs['checks-file'] === undefined)) {
      throw new TaskError('input', {
        what: inputs.checks ? 'Both checks and checks-file are given.' : 'Neither checks nor checks-file is given.',
        remedy: 'Give one of them.',
      });
    }
    // Node's clients for HTTP, TLS and DNS cost as much as all the rest of the start.
    const [{ runChecks }, { conclude }] = await Promise.all([import('./run-checks.ts'), import('./conclude.ts')]);
    const results = await runChecks(context, {
      checks: inputs.checks ?? inputs['checks-file']?.content ?? [],
      via: inputs.via ?? {},
      tags: inputs.tags ?? [],
      concurrency: inputs.concurrency,
    });
    return conclude(context, results, inputs['junit-file']);
  },
});
