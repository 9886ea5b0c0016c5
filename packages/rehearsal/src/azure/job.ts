import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scope } from '../expressions.ts';
import type { JobFolders, JobPlay, Leg, StepConclusion, StepTold } from '../host-play.ts';
import { parseLoggingCommand } from '../logging-command.ts';
import type { Job, Stage, Step } from '../plan.ts';
import type { Annotation, Result } from '../run-record.ts';
import { type AzureResult, azureCondition, azureFunctions, expandMacros, runtimeValue } from './expressions.ts';
import type { AzurePlay } from './play.ts';

/** One job on an agent: its variables, the environment of its steps, and the commands they print. */
export class AzureJob implements JobPlay {
  readonly outputs: Record<string, string> = {};
  /** Some step ended with warnings, or failed and was forgiven. */
  issues = false;
  readonly #run: AzurePlay;
  readonly #stage: Stage;
  readonly #job: Job;
  readonly #folders: JobFolders;
  /** By lower-case name: variables are the same however they are written. */
  readonly #variables = new Map<string, { name: string; value: string; secret: boolean }>();
  #failed = false;
  #told: {
    result: AzureResult | undefined;
    outputs: Record<string, string>;
    annotations: Annotation[];
    summary: string;
  } = nothingTold();

  constructor(run: AzurePlay, stage: Stage, job: Job, leg: Leg, folders: JobFolders) {
    this.#run = run;
    this.#stage = stage;
    this.#job = job;
    this.#folders = folders;
    for (const [name, value] of Object.entries(this.#predefined())) this.#set(name, value, false);
    this.#set('System.AccessToken', run.world.identity.token, true);
    for (const [name, value] of Object.entries(run.world.secrets)) this.#set(name, value, true);
    for (const level of [
      run.world.variables,
      run.pipeline.variables,
      stage.variables,
      job.variables,
      leg.values as Record<string, string>,
    ]) {
      const scope = run.scope(stage, job, this.#plain());
      for (const [name, value] of Object.entries(level)) this.#set(name, runtimeValue(String(value), scope), false);
    }
  }

  get result(): Result {
    return this.#failed ? 'failed' : 'succeeded';
  }

  stepHeldBack(step: Step): string | undefined {
    if (azureCondition(step.condition, this.#scope())) return undefined;
    return step.condition ? `its condition is false: ${step.condition}` : 'a step before it failed';
  }

  title(step: Step): string {
    return this.#expanded(step.title);
  }

  inputs(step: Step): Record<string, string> {
    const inputs: Record<string, string> = {};
    const task = this.#run.world.tasks.find(({ name }) => name === step.task);
    for (const [name, input] of Object.entries(task?.inputs ?? {})) {
      if (input.default !== undefined) inputs[name] = this.#expanded(input.default);
    }
    for (const [given, text] of Object.entries(step.inputs)) {
      const name = Object.keys(task?.inputs ?? {}).find((each) => each.toLowerCase() === given.toLowerCase()) ?? given;
      const value = this.#expanded(text).trim();
      // The pipeline names a service connection, the agent hands over its id.
      inputs[name] = task?.inputs[name]?.type.startsWith('connectedService')
        ? (this.#run.world.connections[value]?.id ?? value)
        : value;
    }
    return inputs;
  }

  environment(step: Step, inputs: Readonly<Record<string, string>>): Record<string, string> {
    const { world } = this.#run;
    const environment: Record<string, string> = { TF_BUILD: 'True' };
    for (const { name, value, secret } of this.#variables.values()) {
      const key = name.replace(/[. ]/g, '_').toUpperCase();
      if (!secret) environment[key] = this.#expanded(value);
      // Only tasks may read secret variables unmapped, through this prefix.
      else if (step.task) environment[`SECRET_${key}`] = value;
    }
    for (const [name, value] of Object.entries(inputs))
      environment[`INPUT_${name.replace(/ /g, '_').toUpperCase()}`] = value;
    if (step.task) Object.assign(environment, this.#endpoints());
    for (const [name, value] of Object.entries(step.variables)) environment[name] = this.#expanded(value);
    return { ...environment, AGENT_TEMPDIRECTORY: this.#folders.temporary, SYSTEM_OIDCREQUESTURI: world.identity.url };
  }

  script(step: Step): { text: string; shell: string; folder: string } {
    const folder = step.workingFolder ? this.#expanded(step.workingFolder) : '.';
    return {
      text: this.#expanded(step.script ?? ''),
      shell: step.shell ?? 'bash',
      folder: folder.startsWith('/') ? folder : join(this.#folders.workspace, folder),
    };
  }

  minutes(step: Step): number {
    return Number(step.timeoutMinutes) || 360;
  }

  heard(line: string): string | undefined {
    const command = parseLoggingCommand(line);
    if (!command) return line.startsWith('##[endgroup]') ? undefined : line.replace(/^##\[[a-z]+\]/, '');
    const { name, properties, message } = command;
    if (name === 'task.setsecret') this.#run.world.mask(message);
    else if (name === 'task.setvariable') this.#setByStep(properties, message);
    else if (name === 'task.complete') this.#told.result = worse(this.#told.result, resultNamed(properties.result));
    else if (name === 'task.uploadsummary' && existsSync(message)) this.#told.summary += readFileSync(message, 'utf8');
    else if (name === 'task.logissue') {
      const kind = properties.type === 'error' ? 'error' : 'warning';
      this.#told.annotations.push({ kind, text: message });
      return `${kind}: ${message}`;
    }
    return undefined;
  }

  ended(step: Step, told: StepTold): StepConclusion {
    const { result, outputs, annotations, summary } = this.#told;
    this.#told = nothingTold();
    const failed = told.exitCode !== 0 || result === 'Failed';
    const forgiven = failed && this.#expanded(step.continueOnError ?? '').toLowerCase() === 'true';
    const all = { ...told.outputs, ...outputs };
    for (const [name, value] of Object.entries(all)) this.#output(step, name, value);
    if (failed && !forgiven) this.#failed = true;
    else if (failed || result === 'SucceededWithIssues') this.issues = true;
    return { result: failed ? 'failed' : 'succeeded', forgiven, outputs: all, annotations, summary };
  }

  skipped(): void {}

  #setByStep(properties: Readonly<Record<string, string>>, value: string): void {
    const name = properties.variable ?? '';
    const secret = properties.issecret?.toLowerCase() === 'true';
    if (secret) this.#run.world.mask(value);
    if (properties.isoutput?.toLowerCase() === 'true') this.#told.outputs[name] = value;
    else this.#set(name, value, secret);
  }

  #output(step: Step, name: string, value: string): void {
    if (!step.id) return;
    const key = `${step.id}.${name}`;
    this.#set(key, value, false);
    // A deployment job's outputs are named by its lifecycle hook's job as well.
    this.outputs[this.#job.deployment ? `${this.#job.id}.${key}` : key] = value;
  }

  #set(name: string, value: string, secret: boolean): void {
    this.#variables.set(name.toLowerCase(), { name, value, secret });
  }

  #plain(): Record<string, string> {
    return Object.fromEntries([...this.#variables.values()].map(({ name, value }) => [name, value]));
  }

  #expanded(text: string): string {
    return expandMacros(text, (name) => this.#variables.get(name.toLowerCase())?.value);
  }

  #scope(): Scope {
    const results = { job: this.#failed ? 'Failed' : this.issues ? 'SucceededWithIssues' : 'Succeeded' } as const;
    const scope = this.#run.scope(this.#stage, this.#job, this.#plain());
    return { ...scope, functions: azureFunctions({ canceled: false, results }) };
  }

  /** Service connections, as the agent puts them into a task's environment. */
  #endpoints(): Record<string, string> {
    const { world } = this.#run;
    const system = JSON.stringify({ parameters: { AccessToken: world.identity.token }, scheme: 'OAuth' });
    const environment: Record<string, string> = {
      ENDPOINT_URL_SYSTEMVSSCONNECTION: 'https://dev.azure.com/example-org/',
      ENDPOINT_AUTH_SYSTEMVSSCONNECTION: system,
      ENDPOINT_AUTH_SCHEME_SYSTEMVSSCONNECTION: 'OAuth',
      ENDPOINT_AUTH_PARAMETER_SYSTEMVSSCONNECTION_ACCESSTOKEN: world.identity.token,
    };
    for (const { id, tenantId, clientId, clientSecret } of Object.values(world.connections)) {
      const key = id.toUpperCase();
      const scheme = clientSecret === undefined ? 'WorkloadIdentityFederation' : 'ServicePrincipal';
      const parameters = {
        tenantid: tenantId,
        serviceprincipalid: clientId,
        ...(clientSecret !== undefined && { serviceprincipalkey: clientSecret }),
      };
      environment[`ENDPOINT_URL_${key}`] = 'https://management.azure.com/';
      environment[`ENDPOINT_AUTH_${key}`] = JSON.stringify({ parameters, scheme });
      environment[`ENDPOINT_AUTH_SCHEME_${key}`] = scheme;
      for (const [name, value] of Object.entries(parameters))
        environment[`ENDPOINT_AUTH_PARAMETER_${key}_${name.toUpperCase()}`] = value;
    }
    return environment;
  }

  #predefined(): Record<string, string> {
    const { workspace, above, temporary } = this.#folders;
    const { world, pipeline } = this.#run;
    return {
      'Agent.BuildDirectory': above,
      'Agent.JobName': this.#job.title,
      'Agent.Name': 'rehearsal',
      'Agent.OS': 'Linux',
      'Agent.OSArchitecture': 'X64',
      'Agent.TempDirectory': temporary,
      'Agent.Version': '4.265.1',
      'Build.ArtifactStagingDirectory': join(above, 'a'),
      'Build.BuildId': '1000001',
      'Build.BuildNumber': `${world.now().toISOString().slice(0, 10).replaceAll('-', '')}.1`,
      'Build.DefinitionName': pipeline.name,
      'Build.Reason': 'Manual',
      'Build.Repository.Name': 'maintenance',
      'Build.RequestedFor': world.startedBy,
      'Build.SourceBranch': 'refs/heads/main',
      'Build.SourceBranchName': 'main',
      'Build.SourceVersion': '0'.repeat(40),
      'Build.SourcesDirectory': workspace,
      'Pipeline.Workspace': above,
      'System.CollectionUri': 'https://dev.azure.com/example-org/',
      'System.DefaultWorkingDirectory': workspace,
      'System.HostType': 'build',
      'System.JobAttempt': '1',
      'System.JobDisplayName': this.#job.title,
      'System.JobId': randomUUID(),
      'System.JobName': this.#job.id,
      'System.StageDisplayName': this.#stage.title,
      'System.StageName': this.#stage.id,
      'System.TeamProject': 'maintenance',
      'System.TeamProjectId': '6b1c2a52-6f0e-4f3b-9d1b-1f0c7a5e2d11',
      ...(this.#job.environment && { 'Environment.Name': this.#job.environment }),
    };
  }
}

function nothingTold() {
  return { result: undefined, outputs: {}, annotations: [], summary: '' };
}

function resultNamed(word: string | undefined): AzureResult {
  const found = (['Succeeded', 'SucceededWithIssues', 'Failed', 'Canceled', 'Skipped'] as const).find(
    (each) => each.toLowerCase() === word?.toLowerCase(),
  );
  return found ?? 'Succeeded';
}

/** A later command never makes a result better. */
function worse(a: AzureResult | undefined, b: AzureResult): AzureResult {
  const order: readonly AzureResult[] = ['Succeeded', 'SucceededWithIssues', 'Skipped', 'Canceled', 'Failed'];
  return a !== undefined && order.indexOf(a) > order.indexOf(b) ? a : b;
}
