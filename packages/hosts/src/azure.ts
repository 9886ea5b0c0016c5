import { writeFileSync } from 'node:fs';
import { EOL, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AzureConnection, azureInputName, type Host, TaskError } from '@maintenance-tasks/core';
// Only the library's wire format. Its main module prints secrets in debug lines while it loads, writes a key file,
// and installs handlers that let a crashed task exit 0.
import { TaskCommand } from 'azure-pipelines-task-lib/taskcommand.js';
import { announceProxy, trustAgentCa } from './azure-proxy.ts';
import { type Environment, given, leaveProcess, takeVariables } from './environment.ts';
import { fetchToken } from './identity-token.ts';

// What the library hides from child processes as well.
const SENSITIVE = ['INPUT_', 'ENDPOINT_AUTH_', 'SECRET_', 'SECUREFILE_TICKET_', 'VSTS_TASKVARIABLE_'];

/** Azure Pipelines: logging commands on standard output, inputs and service connections in the environment. */
export function azureHost(environment: Environment = process.env): Host {
  const taken = takeVariables(environment, SENSITIVE);
  const mask = (line: string) => command('task.setsecret', {}, line);
  announceProxy(environment, (name) => taken.get(`SECRET_${name}`) ?? environment[name], mask);
  const debugging = environment.SYSTEM_DEBUG?.toLowerCase() === 'true';
  const temporaryFolder = environment.AGENT_TEMPDIRECTORY ?? tmpdir();
  let warned = false;

  const debug = (text: string) => {
    if (debugging) command('task.debug', {}, text);
  };
  const caProblem = trustAgentCa(environment);
  if (caProblem) debug(caProblem);

  return {
    name: 'azure',
    run: runFacts(environment),
    workingFolder: environment.SYSTEM_DEFAULTWORKINGDIRECTORY ?? process.cwd(),
    temporaryFolder,
    input: (name) => given(taken.get(`INPUT_${azureInputName(name).toUpperCase()}`)),
    inputLabel: azureInputName,
    mask,
    debug,
    info: say,
    warning: (text) => {
      warned = true;
      command('task.logissue', { type: 'warning' }, text);
    },
    startGroup: (title) => say(`##[group]${title.replace(/\s*\n\s*/g, ' ')}`),
    endGroup: () => say('##[endgroup]'),
    output: (name, value) =>
      command('task.setvariable', { variable: azureInputName(name), isOutput: 'true', issecret: 'false' }, value),
    summary: (markdown) => {
      // The file's name is the heading on the run's Extensions tab, and must differ between the steps of a job.
      const file = join(temporaryFolder, `maintenance-${process.pid}-${Date.now()}.md`);
      writeFileSync(file, markdown);
      command('task.uploadsummary', {}, file);
    },
    testResults: (file, title) =>
      command('results.publish', {
        type: 'JUnit',
        mergeResults: 'true',
        runTitle: title,
        publishRunAttachments: 'true',
        resultFiles: file,
        testRunSystem: 'VSTSTask',
      }),
    identityToken: async (_audience, connection) => {
      const token = await fetchOidcToken(environment, taken, connection);
      mask(token);
      return token;
    },
    azureConnection: (id) => connectionOf(taken, id),
    finish: (outcome) => {
      process.exitCode = outcome.ok ? 0 : 1;
      if (outcome.ok) {
        command('task.complete', { result: warned ? 'SucceededWithIssues' : 'Succeeded' });
      } else {
        command('task.logissue', { type: 'error' }, outcome.message);
        command('task.complete', { result: 'Failed' });
      }
    },
    leave: () => leaveProcess(process.stdout),
  };
}

function say(text: string): void {
  process.stdout.write(text + EOL);
}

function command(name: string, properties: Readonly<Record<string, string>>, message = ''): void {
  say(new TaskCommand(name, properties, message).toString());
}

function runFacts(environment: Environment): Host['run'] {
  const { SYSTEM_COLLECTIONURI: collection, SYSTEM_TEAMPROJECT: project, BUILD_BUILDID: build } = environment;
  const url =
    environment.RELEASE_RELEASEWEBURL ??
    (collection && project && build
      ? `${collection.replace(/\/?$/, '/')}${encodeURIComponent(project)}/_build/results?buildId=${build}`
      : undefined);
  const startedBy = environment.RELEASE_REQUESTEDFOR ?? environment.BUILD_REQUESTEDFOR;
  const stage = environment.SYSTEM_STAGENAME ?? environment.SYSTEM_JOBNAME;
  return { ...(url && { url }), ...(startedBy && { startedBy }), ...(stage && { stage }) };
}

/** Source: learn.microsoft.com/rest/api/azure/devops/distributedtask/oidctoken/create. Its audience is fixed. */
function fetchOidcToken(
  environment: Environment,
  taken: ReadonlyMap<string, string>,
  connection: string | undefined,
): Promise<string> {
  const address = environment.SYSTEM_OIDCREQUESTURI;
  const accessToken =
    taken.get('ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN') ?? environment.SYSTEM_ACCESSTOKEN;
  if (!connection) {
    throw new TaskError('input', {
      what: 'Azure Pipelines gives identity tokens only for a service connection, and none was given.',
      remedy: 'Give azure-connection (azureConnection), or a client secret.',
    });
  }
  if (!address || !accessToken) {
    throw new TaskError('auth', {
      what: 'Azure Pipelines gives this job no identity token.',
      remedy: 'Use a service connection with workload identity federation on a current agent, or a client secret.',
    });
  }
  const url = new URL(address);
  url.searchParams.set('api-version', '7.1');
  url.searchParams.set('serviceConnectionId', connection);
  return fetchToken(
    {
      method: 'POST',
      url,
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' },
      system: 'Azure Pipelines',
      shownAs: 'the identity token of the run',
    },
    'oidcToken',
  );
}

/** @throws TaskError for a connection that this job may not use, or of a kind that holds nothing a task could use */
function connectionOf(taken: ReadonlyMap<string, string>, id: string): AzureConnection {
  const whole = parametersOf(taken.get(`ENDPOINT_AUTH_${id.toUpperCase()}`));
  const scheme = taken.get(`ENDPOINT_AUTH_SCHEME_${id.toUpperCase()}`) ?? whole.scheme;
  if (!scheme) {
    throw new TaskError('input', {
      what: `There is no service connection ${id} in this job.`,
      remedy: 'Give the name of a service connection that exists and that this pipeline is authorised to use.',
    });
  }
  const parameter = (name: string) =>
    given(taken.get(`ENDPOINT_AUTH_PARAMETER_${id.toUpperCase()}_${name.toUpperCase()}`)) ??
    given(whole.parameters[name.toLowerCase()]);
  const tenantId = parameter('tenantid');
  const clientId = parameter('serviceprincipalid');
  const clientSecret = parameter('serviceprincipalkey');
  const federated = scheme.toLowerCase() === 'workloadidentityfederation';
  const usable = federated || (scheme.toLowerCase() === 'serviceprincipal' && clientSecret !== undefined);
  if (!usable || !tenantId || !clientId) {
    throw new TaskError('auth', {
      what: `The service connection ${id} (${scheme}) has no federation and no client secret that a task could use.`,
      remedy: 'Use an Azure Resource Manager connection with workload identity federation, or with a secret.',
    });
  }
  return federated || !clientSecret ? { tenantId, clientId } : { tenantId, clientId, clientSecret };
}

/** Older agents hand over only the endpoint as a whole, as JSON. */
function parametersOf(json: string | undefined): { scheme?: string; parameters: Record<string, string> } {
  try {
    const { scheme, parameters } = JSON.parse(json ?? '{}') as { scheme?: string; parameters?: object };
    const lower = Object.entries(parameters ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
    return { ...(scheme && { scheme }), parameters: Object.fromEntries(lower) as Record<string, string> };
  } catch {
    return { parameters: {} };
  }
}
