import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { HostName } from './plan.ts';

/** One of this repository's tasks as a host sees it: its manifest, not its source. */
export interface PublishedTask {
  /** Kebab-case, the same on both hosts. */
  readonly name: string;
  /** As pipelines call it: `maintenance-page`, `MaintenancePage`. */
  readonly calledAs: string;
  readonly major: number | undefined;
  readonly inputs: Readonly<Record<string, PublishedInput>>;
  /** Absolute path of the built bundle. */
  readonly bundle: string;
}

export interface PublishedInput {
  readonly required: boolean;
  readonly default: string | undefined;
  /** Azure's type, such as `connectedService:AzureRM`. */
  readonly type: string;
}

/** What the repository publishes for that host: the folders of actions/ or of ado-tasks/. */
export function readCatalogue(root: string, host: HostName): PublishedTask[] {
  const folder = join(root, host === 'github' ? 'actions' : 'ado-tasks');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => (host === 'github' ? action(name, join(folder, name)) : adoTask(name, join(folder, name))));
}

function action(name: string, folder: string): PublishedTask[] {
  const file = join(folder, 'action.yml');
  if (!existsSync(file)) return [];
  const manifest = parse(readFileSync(file, 'utf8')) as {
    inputs?: Record<string, { required?: boolean; default?: unknown } | null>;
    runs: { main: string };
  };
  const inputs = Object.entries(manifest.inputs ?? {}).map(([input, given]) => [
    input,
    {
      required: given?.required === true,
      default: given?.default === undefined ? undefined : String(given.default),
      type: 'string',
    },
  ]);
  return [
    {
      name,
      calledAs: name,
      major: undefined,
      inputs: Object.fromEntries(inputs),
      bundle: join(folder, manifest.runs.main),
    },
  ];
}

function adoTask(name: string, folder: string): PublishedTask[] {
  const file = join(folder, 'task.json');
  if (!existsSync(file)) return [];
  const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
    name: string;
    version: { Major: number | string };
    inputs?: { name: string; type: string; required?: boolean; defaultValue?: unknown }[];
    execution: Record<string, { target: string }>;
  };
  const inputs = (manifest.inputs ?? []).map((input) => [
    input.name,
    {
      required: input.required === true,
      default: input.defaultValue === undefined ? undefined : String(input.defaultValue),
      type: input.type,
    },
  ]);
  const target = Object.values(manifest.execution)[0]?.target ?? 'dist/main.cjs';
  return [
    {
      name,
      calledAs: manifest.name,
      major: Number(manifest.version.Major),
      inputs: Object.fromEntries(inputs),
      bundle: join(folder, target),
    },
  ];
}
