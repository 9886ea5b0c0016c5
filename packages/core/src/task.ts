import type { Clock } from './clock.ts';
import type { AzureConnection, RunFacts } from './host.ts';
import type { Http } from './http.ts';
import { boolean, duration, type Inputs, text, type ValuesOf } from './inputs.ts';
import type { Report } from './report.ts';
import { SESSION_PATTERN } from './session.ts';

/** Lines for a person who follows the run. Secrets and host commands in them are made harmless. */
export interface Log {
  debug(line: string): void;
  info(line: string): void;
  /** Something the user should look at although the task goes on. */
  warning(line: string): void;
  /** Progress of a long wait: shown at most every 10 s. */
  progress(line: string): void;
  group<T>(title: string, work: () => Promise<T>): Promise<T>;
}

export interface TaskContext<I extends Inputs> {
  readonly inputs: ValuesOf<I>;
  readonly http: Http;
  readonly log: Log;
  readonly report: Report;
  readonly clock: Clock;
  /** Aborted at the deadline and when the run is cancelled. */
  readonly signal: AbortSignal;
  readonly deadline: Date;
  readonly run: RunFacts;
  readonly workingFolder: string;
  readonly temporaryFolder: string;
  /** Keeps a value learned on the way (a token) out of everything that is shown. */
  keepSecret(value: string): void;
  /** Makes this run's evidence belong to a session that the task opened itself. */
  openSession(session: string): void;
  /** The text without any secret the run knows of, for files a task writes itself. */
  clean(text: string): string;
  identityToken(audience: string, connection?: string): Promise<string>;
  azureConnection(id: string): AzureConnection | undefined;
  testResults(file: string, title: string): void;
}

/** Any task's context, for functions that do not look at inputs. */
export type AnyContext = Omit<TaskContext<Inputs>, 'inputs'>;

export type Outputs = Readonly<Record<string, string>>;

export interface TaskDefinition<I extends Inputs = Inputs, O extends Outputs = Outputs> {
  /** Kebab-case; also the folder's name. */
  readonly name: string;
  readonly azure: {
    /** Never changes: Azure DevOps knows the task by it. */
    readonly id: string;
    readonly category: 'Deploy' | 'Utility' | 'Test';
  };
  /** One sentence: what it does. */
  readonly summary: string;
  /** Least privilege: for each system the permissions the credential needs. */
  readonly needs: Readonly<Record<string, readonly string[]>>;
  /** Changes something outside: then it is in the crash matrix. */
  readonly mutates: boolean;
  readonly inputs: I;
  /** What each output holds. Values are text; lists are one entry a line. */
  readonly outputs: O;
  run(context: TaskContext<I>): Promise<Partial<Record<keyof O, string>>>;
}

/** The one definition everything else of a task is generated from. */
export function defineTask<const I extends Inputs, const O extends Outputs>(
  definition: TaskDefinition<I, O>,
): TaskDefinition<I, O> {
  for (const [name, input] of Object.entries(definition.inputs)) {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name))
      throw new Error(`${definition.name}: the input name "${name}" is not kebab-case`);
    if (input.required && input.default !== undefined)
      throw new Error(`${definition.name}: "${name}" is required and has a default`);
    if (input.secret && input.default !== undefined)
      throw new Error(`${definition.name}: the secret "${name}" has a default`);
  }
  return definition;
}

/** The same words on every task. */
export const sessionInputs = {
  session: text({
    required: true,
    describe:
      'Id of the maintenance session, as pre-maintenance gave it out. Everything this task changes is marked with it.',
    example: 'mw-202611220600-k7qx',
    pattern: SESSION_PATTERN,
    patternMeans: 'a session id (3 to 32 lower-case letters, digits and dashes)',
  }),
  'dry-run': boolean({ default: 'false', describe: 'Stop after the plan: nothing is changed.' }),
  deadline: duration({ default: '15m', describe: 'When to give up, counted from the start of the task.' }),
  evidence: text({
    default: 'maintenance-evidence',
    describe: 'Folder that receives this task’s evidence file; finish-maintenance collects them.',
  }),
} as const;
