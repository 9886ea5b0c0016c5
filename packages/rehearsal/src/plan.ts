/** Where something stands in a pipeline's file. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export function placeText({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}

export type HostName = 'github' | 'azure';

/** What a pipeline file says, in one form for both hosts. Expressions are still in it: each host fills in its own. */
export interface Pipeline {
  readonly host: HostName;
  readonly file: string;
  readonly name: string;
  /** GitHub's `env`, Azure's `variables`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Values of workflow inputs or template parameters when nobody gives any. */
  readonly inputs: Readonly<Record<string, InputDefault>>;
  /** GitHub: one per job. */
  readonly stages: readonly Stage[];
}

export interface InputDefault {
  readonly type: string;
  readonly value: string | number | boolean | null;
  readonly required: boolean;
  readonly options: readonly string[];
}

export interface Stage {
  readonly id: string;
  readonly title: string;
  readonly place: Place;
  readonly needs: readonly string[];
  readonly condition: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  readonly jobs: readonly Job[];
}

export interface Job {
  readonly id: string;
  readonly title: string;
  readonly place: Place;
  /** Other jobs of the same stage. */
  readonly needs: readonly string[];
  readonly condition: string | undefined;
  readonly variables: Readonly<Record<string, string>>;
  /** Its protection is the approval: the host asks a person before the job starts. */
  readonly environment: string | undefined;
  /** May ask the host for an identity token. */
  readonly identity: boolean;
  readonly outputs: Readonly<Record<string, string>>;
  readonly matrix: unknown;
  readonly continueOnError: string | undefined;
  /** Azure's agentless job: it has no machine, only waits. */
  readonly server: boolean;
  /** Azure: a deployment job's own way of naming outputs (`Job.step.output`). */
  readonly deployment: boolean;
  readonly shell: string | undefined;
  readonly workingFolder: string | undefined;
  readonly steps: readonly Step[];
}

export type StepKind =
  /** One of this repository's tasks: its built bundle is run. */
  | 'task'
  | 'checkout'
  | 'upload'
  | 'download'
  /** Lines of shell. */
  | 'script'
  /** A person is asked (Azure's ManualValidation). */
  | 'approval'
  /** Somebody else's task: passed over, visibly. */
  | 'foreign'
  /** Says that something shall not happen (`download: none`). */
  | 'nothing';

export interface Step {
  readonly kind: StepKind;
  /** By which other steps name it. */
  readonly id: string | undefined;
  readonly title: string;
  readonly place: Place;
  /** As written: `actions/checkout@v4`, `Sweep@0`, `bash`. */
  readonly uses: string;
  /** Name of ours that it runs. */
  readonly task: string | undefined;
  readonly inputs: Readonly<Record<string, string>>;
  readonly variables: Readonly<Record<string, string>>;
  readonly condition: string | undefined;
  readonly continueOnError: string | undefined;
  readonly timeoutMinutes: string | undefined;
  readonly script: string | undefined;
  readonly shell: string | undefined;
  readonly workingFolder: string | undefined;
}
