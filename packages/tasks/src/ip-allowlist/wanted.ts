import { type AnyContext, nearest, TaskError } from '@maintenance-tasks/core';
import { addressProblem, parseAddress, widthProblem } from './address.ts';
import type { AddressSets } from './schema.ts';

export interface WantedArguments {
  readonly addresses: readonly string[];
  /** Where to ask for the runner's own address; left out, it is not wanted. */
  readonly ownAddressFrom: string | undefined;
  readonly namedSets: readonly string[];
  /** The part `addresses` of the window file. */
  readonly sets: AddressSets | undefined;
  readonly allowWide: boolean;
}

/**
 * All addresses that are meant, in their normal form and each once.
 *
 * @throws TaskError `input` with everything that is wrong with them
 */
export async function wantedAddresses(
  context: Pick<AnyContext, 'http' | 'log'>,
  { addresses, ownAddressFrom, namedSets, sets, allowWide }: WantedArguments,
): Promise<readonly string[]> {
  const problems = namedSets.flatMap((name) => setProblem(name, sets) ?? []);
  const given = [...addresses, ...namedSets.flatMap((name) => sets?.[name] ?? [])];
  for (const text of given) {
    const problem = addressProblem(text) ?? (allowWide ? undefined : widthProblem(text));
    if (problem) problems.push(problem);
  }
  if (given.length === 0 && namedSets.length === 0 && ownAddressFrom === undefined)
    problems.push('no address is given; use addresses, named-sets or own-address');
  if (problems.length > 0) {
    throw new TaskError('input', {
      what: `The addresses cannot be put on a list:\n${problems.map((text) => `  - ${text}`).join('\n')}\n`,
      state: 'Nothing was changed.',
      remedy: 'Correct all of them and run it again.',
    });
  }
  const own = ownAddressFrom === undefined ? [] : [await ownAddress(context, ownAddressFrom)];
  return [...new Set([...given.flatMap((text) => parseAddress(text)?.text ?? []), ...own])];
}

/**
 * The address from which this runner reaches the internet, as the source sees it.
 *
 * @throws TaskError `remote` when it answers with anything else
 */
async function ownAddress({ http, log }: Pick<AnyContext, 'http' | 'log'>, source: string): Promise<string> {
  const system = new URL(source).host;
  const answer = await http.send({ method: 'GET', url: source, headers: { accept: 'text/plain' }, system });
  const said = answer.status === 200 ? addressIn(answer.text) : undefined;
  const range = said === undefined ? undefined : parseAddress(said);
  const problem = said === undefined || said.includes('/') ? 'that is no address' : addressProblem(said);
  if (!range || problem) {
    throw new TaskError('remote', {
      what: `${system} was asked for this runner’s own address and answered ${answer.status}: "${answer.quote(answer.text)}"${problem ? ` (${problem})` : ''}.`,
      state: 'Nothing was changed.',
      remedy: 'Give another source as own-address-from, or the address itself as addresses.',
    });
  }
  log.info(`This runner reaches the internet from ${range.text}, says ${system}.`);
  return range.text;
}

/** The whole answer, or the only line `ip=…` of one like Cloudflare's. */
function addressIn(text: string): string | undefined {
  const lines = text.trim().split(/\r?\n/);
  if (lines.length === 1 && !lines[0]?.includes('=')) return lines[0];
  const told = lines.filter((line) => line.startsWith('ip='));
  return told.length === 1 ? told[0]?.slice(3) : undefined;
}

function setProblem(name: string, sets: AddressSets | undefined): string | undefined {
  if (sets && Object.hasOwn(sets, name)) return undefined;
  if (!sets) return `named-sets: "${name}" cannot be looked up: give a window-file that has the part addresses`;
  const near = nearest(name, Object.keys(sets));
  return `named-sets: the window file has no address set "${name}"${near ? `; did you mean "${near}"?` : ''}`;
}
