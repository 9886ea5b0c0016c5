import { appendFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { debug, endGroup, error, info, isDebug, setOutput, setSecret, startGroup, warning } from '@actions/core';
import { type Host, TaskError } from '@maintenance-tasks/core';
import { type Environment, given, leaveProcess, takeVariables } from './environment.ts';
import { fetchToken } from './identity-token.ts';

// What the runner takes of one step; the rest it drops without a word.
// Source: actions/runner, src/Runner.Worker/ExecutionContext.cs and FileCommandManager.cs.
const MOST_WARNINGS = 10;
const LONGEST_MESSAGE = 4_096;
const LARGEST_SUMMARY = 1_024 * 1_024;

/** GitHub Actions, by the official toolkit. Its OIDC part is not used: that loads 400 KB which every step would pay for. */
export function githubHost(environment: Environment = process.env): Host {
  const taken = takeVariables(environment, ['INPUT_', 'ACTIONS_ID_TOKEN_REQUEST_']);
  const run = runUrl(environment);
  const startedBy = environment.GITHUB_TRIGGERING_ACTOR ?? environment.GITHUB_ACTOR;
  let warnings = 0;

  /** A message that fits into an annotation; one that does not is in the log as a whole first. */
  const fitting = (message: string) => {
    if (message.length <= LONGEST_MESSAGE) return message;
    info(message);
    const end = ' … (the whole message is in the log)';
    return `${message.slice(0, LONGEST_MESSAGE - end.length).replace(/[\ud800-\udbff]$/, '')}${end}`;
  };

  return {
    name: 'github',
    run: {
      ...(run && { url: run }),
      ...(startedBy && { startedBy }),
      ...(environment.GITHUB_JOB && { stage: environment.GITHUB_JOB }),
    },
    workingFolder: environment.GITHUB_WORKSPACE ?? process.cwd(),
    temporaryFolder: environment.RUNNER_TEMP ?? tmpdir(),
    input: (name) => given(taken.get(`INPUT_${name.replace(/ /g, '_').toUpperCase()}`)),
    mask: setSecret,
    debug: (text) => {
      if (isDebug()) debug(text);
    },
    info,
    warning: (text) => {
      warnings += 1;
      if (warnings <= MOST_WARNINGS) warning(fitting(text));
      else info(`Warning: ${text}`);
    },
    startGroup: (title) => startGroup(title.replace(/\s*\n\s*/g, ' ')),
    endGroup,
    output: (name, value) => {
      // The toolkit throws for a file that is missing, and without the variable it speaks a command that is switched off.
      if (fileOf(environment, 'GITHUB_OUTPUT')) setOutput(name, value);
      else info(`Output ${name} (there is no GITHUB_OUTPUT to keep it): ${value}`);
    },
    summary: (markdown) => {
      const file = fileOf(environment, 'GITHUB_STEP_SUMMARY');
      if (file) appendFileSync(file, fittingSummary(markdown));
    },
    testResults: (file, title) => info(`${title}: the test results are in ${file}`),
    identityToken: async (audience) => {
      const url = taken.get('ACTIONS_ID_TOKEN_REQUEST_URL');
      const requestToken = taken.get('ACTIONS_ID_TOKEN_REQUEST_TOKEN');
      if (!url || !requestToken) {
        throw new TaskError('auth', {
          what: 'GitHub gives this job no identity token.',
          remedy: 'Add "permissions: id-token: write" to the job, or give azure-client-secret.',
        });
      }
      const withAudience = new URL(url);
      withAudience.searchParams.set('audience', audience);
      const token = await fetchToken(
        {
          method: 'GET',
          url: withAudience,
          headers: { authorization: `Bearer ${requestToken}` },
          system: 'GitHub',
          shownAs: 'the identity token of the run',
        },
        'value',
      );
      setSecret(token);
      return token;
    },
    azureConnection: () => undefined,
    finish: (outcome) => {
      process.exitCode = outcome.ok ? 0 : 1;
      if (!outcome.ok) error(fitting(outcome.message));
    },
    leave: () => leaveProcess(process.stdout),
  };
}

function fileOf(environment: Environment, variable: string): string | undefined {
  const file = environment[variable];
  return file && existsSync(file) ? file : undefined;
}

/** A summary beyond the runner's limit would be dropped as a whole: it is cut at the end of a line. */
function fittingSummary(markdown: string): string {
  const bytes = Buffer.from(markdown);
  if (bytes.length <= LARGEST_SUMMARY) return markdown;
  const end = '\n\nThe rest did not fit into the summary; the log and the evidence file have it.\n';
  const cut = bytes.lastIndexOf('\n', LARGEST_SUMMARY - Buffer.byteLength(end));
  return `${bytes.subarray(0, Math.max(0, cut)).toString()}${end}`;
}

function runUrl(environment: Environment): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: id } = environment;
  if (!server || !repository || !id) return undefined;
  const attempt = environment.GITHUB_RUN_ATTEMPT;
  return `${server}/${repository}/actions/runs/${id}${attempt ? `/attempts/${attempt}` : ''}`;
}
