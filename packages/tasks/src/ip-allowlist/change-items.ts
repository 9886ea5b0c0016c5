import { formatDuration, messageOf, TaskError } from '@maintenance-tasks/core';
import { type Accepted, ITEMS_A_REQUEST } from '@maintenance-tasks/services/cloudflare/lists';
import { type Allowlist, type AllowlistContext, entriesOn } from './look.ts';
import type { Entry } from './plan.ts';

const FIRST_WAIT = 1_000;
const LONGEST_WAIT = 10_000;
const FIRST_POLL = 250;
const LONGEST_POLL = 3_000;

/** A change of a list's items that is made of parts, each of which reads as done or not. */
export interface ItemChange<Part> {
  /** What is left to do, seeing what is on the list. */
  left(entries: readonly Entry[]): readonly Part[];
  send(parts: readonly Part[], landed: () => Promise<boolean>): Promise<Accepted>;
  /** Told after each reading of the list. */
  progressed(left: readonly Part[], entries: readonly Entry[]): void;
}

/**
 * Changes the items of a list until nothing is left to do, and gives back what is on it then. The list is read anew before
 * every request: while another operation of the account was waited for, it may have become another.
 *
 * @throws TaskError `timeout` while Cloudflare is at it, `remote` when it fails, `conflict` when it does not read back
 */
export async function changeItems<Part>(
  context: AllowlistContext,
  allowlist: Allowlist,
  change: ItemChange<Part>,
): Promise<readonly Entry[]> {
  let entries = allowlist.entries;
  let refusals = 0;
  for (let left = change.left(entries); left.length > 0; ) {
    const parts = left.slice(0, ITEMS_A_REQUEST);
    const after = left.length - parts.length;
    const landed = async () => change.left(await entriesOn(allowlist)).length <= after;
    const accepted = await change.send(parts, landed);
    const isBusy = 'busy' in accepted;
    if (isBusy) await waitForTurn(context, accepted.wait, refusals++);
    if ('operation' in accepted) await completion(context, allowlist, accepted.operation);
    entries = await entriesOn(allowlist);
    const still = change.left(entries);
    change.progressed(still, entries);
    if (!isBusy && still.length >= left.length) throw notOnTheList(allowlist, still.length);
    left = still;
  }
  return entries;
}

async function waitForTurn(context: AllowlistContext, asked: number | undefined, refusals: number): Promise<void> {
  const milliseconds = asked ?? Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** refusals);
  await wait(
    context,
    Math.max(milliseconds, FIRST_WAIT),
    'Cloudflare takes no change of list items now (429): it carries out one at a time for an account, and a limited number',
  );
}

async function completion(context: AllowlistContext, { client, list }: Allowlist, operation: string): Promise<void> {
  try {
    for (let pause = FIRST_POLL; ; pause = Math.min(LONGEST_POLL, pause * 1.5)) {
      const { status, error } = await client.operation(operation);
      if (status === 'completed') return;
      if (status === 'failed') {
        throw new TaskError('remote', {
          what: `Cloudflare did not change the list ${list.name}: ${error ?? 'it gave no reason'}.`,
          remedy: 'Look at the message; run the task again once it is solved.',
        });
      }
      await wait(context, pause, `Cloudflare is changing the list ${list.name} (${status})`);
    }
  } catch (error) {
    context.signal.throwIfAborted();
    if (!(error instanceof TaskError) || /did not change the list/.test(messageOf(error))) throw error;
    throw new TaskError(
      error.kind,
      { ...error.text, unsure: `Cloudflare may still carry out the last change of the list ${list.name}.` },
      { cause: error },
    );
  }
}

async function wait(context: AllowlistContext, milliseconds: number, why: string): Promise<void> {
  const left = context.deadline.getTime() - context.clock.now().getTime();
  if (milliseconds >= left) {
    throw new TaskError('timeout', {
      what: `${why}, and the time of this task is used up.`,
      remedy: 'Run the task again, or give it a longer deadline: what is done is left as it is.',
    });
  }
  context.log.progress(`${why}; waiting, ${formatDuration(left)} left to this task.`);
  await context.clock.sleep(milliseconds, context.signal);
}

function notOnTheList({ list }: Allowlist, count: number): TaskError {
  return new TaskError('conflict', {
    what: `Cloudflare says that the list ${list.name} was changed, and it does not read so: ${count} ${count === 1 ? 'entry is' : 'entries are'} still as before.`,
    remedy: 'Somebody or something else changes the list, too; find out who, then run the task again.',
  });
}
