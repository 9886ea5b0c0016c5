import { readdir, readFile } from 'node:fs/promises';
import { join, posix } from 'node:path';
import { parseAst } from 'rolldown/parseAst';
import { ROOT } from './tasks.ts';

/** A source file by its path from the root, with slashes. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** What a package's own sources may import, besides node, its own files and its declared dependencies. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  hosts: ['core'],
  services: ['core'],
  tasks: ['core', 'services'],
  // Never shipped: they may look at what is; nothing that ships may look at them.
  // The rehearsal reads the window file as the tasks do, and knows nothing else of theirs: it plays what is built.
  rehearsal: ['core', 'tasks/window'],
  devkit: ['core', 'tasks', 'rehearsal'],
};

const NEVER_SHIPPED = new Set(['rehearsal', 'devkit']);

/** Services that others stand on; every other service stands alone. */
const SHARED_SERVICES = ['entra-id'];

const OURS = '@maintenance-tasks/';

/** Every import that goes against the arrows of docs/architecture.md, one sentence each. */
export function boundaryProblems(
  sources: readonly Source[],
  dependencies: Readonly<Record<string, readonly string[]>>,
): string[] {
  return sources.flatMap((source) => {
    const imports = importsOf(source);
    const inPackage = /^packages\/([^/]+)\/src\//.exec(source.path)?.[1];
    const problems = inPackage
      ? imports.flatMap((specifier) => packageProblem(source.path, inPackage, specifier, dependencies[inPackage] ?? []))
      : entryProblems(source.path, imports);
    return problems.map((problem) => `${source.path}: ${problem}`);
  });
}

/** The checkout's sources, without tests: those may look everywhere. */
export async function readSources(root = ROOT): Promise<Source[]> {
  const sources: Source[] = [];
  for (const folder of ['packages', 'actions', 'ado-tasks', 'terminal']) {
    for (const path of await sourceFiles(root, folder)) {
      sources.push({ path, text: await readFile(join(root, path), 'utf8') });
    }
  }
  return sources;
}

/** What each package declares in its package.json. */
export async function readDependencies(root = ROOT): Promise<Record<string, string[]>> {
  const names = Object.keys(ARROWS);
  const entries = names.map(async (name) => {
    const { dependencies = {} } = JSON.parse(await readFile(join(root, 'packages', name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    return [name, Object.keys(dependencies)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function sourceFiles(root: string, folder: string): Promise<string[]> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => []);
  const found = entries
    .filter(({ name }) => name !== 'node_modules' && name !== 'dist')
    .map((entry) => {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) return sourceFiles(root, path);
      return /\.[cm]?ts$/.test(path) && !/\.test\.ts$/.test(path) ? [path] : [];
    });
  return (await Promise.all(found)).flat().sort();
}

function packageProblem(path: string, own: string, specifier: string, declared: readonly string[]): string[] {
  if (specifier.startsWith('node:')) return [];
  if (specifier === COMPUTED) {
    return NEVER_SHIPPED.has(own) ? [] : ['imports a computed name; only a literal can be followed into the bundle'];
  }
  if (specifier.startsWith('.')) return relativeProblem(path, own, specifier);
  const allowed = ARROWS[own];
  if (!allowed) return [`packages/${own} is not in the arrows; add it there and to the architecture`];
  if (specifier.startsWith(OURS)) {
    const other = specifier.slice(OURS.length);
    if (allowed.some((arrow) => `${other}/`.startsWith(`${arrow}/`))) return [];
    return [`${own} must not import ${other}`];
  }
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  if (declared.includes(name)) return [];
  return [`imports ${specifier}, which packages/${own}/package.json does not declare`];
}

function relativeProblem(path: string, own: string, specifier: string): string[] {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  if (!target.startsWith(`packages/${own}/src/`)) return [`reaches out of its package (${specifier})`];
  if (own !== 'services') return [];
  const [from, to] = [path, target].map((file) => file.split('/')[3] as string);
  if (from === to || SHARED_SERVICES.includes(to as string)) return [];
  return [`the service ${from} must not import the service ${to} (${specifier})`];
}

/** An entry file names core, one host and one task (or, in the terminal, the registry of all), and nothing else. */
function entryProblems(path: string, imports: readonly string[]): string[] {
  const hosts = imports.filter((specifier) => specifier.startsWith(`${OURS}hosts/`));
  const tasks = imports.filter((specifier) => specifier.startsWith(`${OURS}tasks/`));
  const other = imports.filter(
    (specifier) => !hosts.includes(specifier) && !tasks.includes(specifier) && specifier !== `${OURS}core`,
  );
  const problems = other
    .filter((specifier) => !(path.startsWith('terminal/') && /^(node:|\.\/)/.test(specifier)))
    .map((specifier) => `an entry file must not import ${specifier}`);
  if (hosts.length !== 1) problems.push(`names ${hosts.length} hosts instead of one`);
  if (tasks.length !== 1) problems.push(`names ${tasks.length} tasks instead of one`);
  return problems;
}

/** Every module a source names: static, dynamic, re-exported and in types. */
export function importsOf({ path, text }: Source): string[] {
  const found = new Set<string>();
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, source, argument } = node as { type?: string; source?: unknown; argument?: unknown };
    if (type && IMPORTING.has(type)) {
      const specifier = literalOf(source ?? argument) ?? (type === 'ImportExpression' ? COMPUTED : undefined);
      if (specifier !== undefined) found.add(specifier);
    }
    Object.values(node).forEach(visit);
  };
  visit(parseAst(text, { lang: 'ts' }, path));
  return [...found];
}

/** Stands for what only the run decides: no bundler and no arrow can follow it. */
const COMPUTED = '(computed)';

const IMPORTING = new Set([
  'ImportDeclaration',
  'ExportNamedDeclaration',
  'ExportAllDeclaration',
  'ImportExpression',
  'TSImportType',
]);

function literalOf(node: unknown): string | undefined {
  const { value, literal } = (node ?? {}) as { value?: unknown; literal?: unknown };
  if (typeof value === 'string') return value;
  return literal ? literalOf(literal) : undefined;
}
