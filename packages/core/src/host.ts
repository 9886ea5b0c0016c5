import type { TaskErrorKind } from './errors.ts';

/** Facts of the pipeline run, for evidence and messages; absent where the host does not tell. */
export interface RunFacts {
  /** Where a person can look at the run. */
  readonly url?: string;
  readonly startedBy?: string;
  /** Name of the job or stage this step belongs to. */
  readonly stage?: string;
}

/** What a host knows of one of its stored connections to Azure. */
export interface AzureConnection {
  readonly tenantId: string;
  readonly clientId: string;
  /** Absent when the connection is federated: then the host's identity token stands for it. */
  readonly clientSecret?: string;
}

/** What a run failed by: a foreseen kind, or a bug of the task. */
export type FailureKind = TaskErrorKind | 'bug';

/** How a run ended; a cancelled run and a thrown bug are failures too. */
export type Outcome =
  | { readonly ok: true }
  | { readonly ok: false; readonly kind: FailureKind; readonly message: string };

/**
 * All that differs between GitHub Actions, Azure Pipelines and a terminal. A host prints what it is given:
 * texts reach it already cleaned of secrets and of host commands.
 */
export interface Host {
  readonly name: 'github' | 'azure' | 'local';
  readonly run: RunFacts;
  /** Where relative paths start. */
  readonly workingFolder: string;
  /** Removed by the host after the job. */
  readonly temporaryFolder: string;
  /** The value as given, by the input's kebab-case name; nothing when unset or empty. */
  input(name: string): string | undefined;
  /** Inputs that were given and that the task does not have, where the host can tell. */
  unknownInputs?(known: readonly string[]): readonly string[];
  /** What users of this host call the input, where that is not its kebab-case name. */
  inputLabel?(name: string): string;
  /** What is wrong with the way inputs were given, whatever their values; one sentence each. */
  inputProblems?(): readonly string[];
  /** Blanks one line of a secret in everything the host shows from now on. */
  mask(line: string): void;
  debug(text: string): void;
  info(text: string): void;
  /** A yellow annotation: seen without opening the log. */
  warning(text: string): void;
  startGroup(title: string): void;
  endGroup(): void;
  output(name: string, value: string): void;
  /** Markdown shown on the run's page. */
  summary(markdown: string): void;
  /** A JUnit file to show in the host's own test view, where it has one. */
  testResults(file: string, title: string): void;
  /** A signed token of this run, to be exchanged for a cloud's. Fetched anew at each call: it lives minutes. */
  identityToken(audience: string, connection?: string): Promise<string>;
  /** Nothing on hosts that do not store connections. */
  azureConnection(id: string): AzureConnection | undefined;
  /**
   * Says the outcome (one red annotation for a failure) and sets the exit code. Called once, and a second time only
   * when a bug shows itself after success was said.
   */
  finish(outcome: Outcome): void;
  /** Ends the process, although something may still run in it, once what was printed is out. The last call. */
  leave?(): void;
}
