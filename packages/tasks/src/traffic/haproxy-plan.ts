import { type DamagedNote, decodeUndoNote, encodeUndoNote, isDamaged, type UndoNote } from '@maintenance-tasks/core';
import type { HaproxyServer, ServerState } from '@maintenance-tasks/services/haproxy/client';
import { damagedNote, heldBy, type Problem } from './site.ts';

/** A server as one HAProxy has it, with the note that a session may have left about it. */
export interface Noted {
  readonly server: HaproxyServer;
  readonly note: UndoNote | DamagedNote | undefined;
}

/** What a server was told before: ready, or drained by somebody else. A number, since HAProxy has its own use for quotes. */
type Former = 'ready' | 'drain';
const FORMERS: readonly Former[] = ['ready', 'drain'];

// Far less than HAProxy takes for a text; the note has about 45 characters.
const LONGEST_NOTE = 120;

export interface DrainPlan {
  readonly problems: readonly Problem[];
  /** To be told to drain, with the note that remembers how they stood. */
  readonly drain: readonly { readonly server: string; readonly note: string }[];
  /** To be taken out once they have no sessions; those that are told to drain are among them. */
  readonly takeOut: readonly string[];
  /** Taken out by this session. */
  readonly drained: readonly string[];
  /** Out before, by somebody else. */
  readonly leftAlone: readonly string[];
}

/**
 * Which of the servers get no new sessions from now on.
 *
 * @param where names this HAProxy in messages
 */
export function planServerDrain(
  where: string,
  all: readonly HaproxyServer[],
  wanted: readonly Noted[],
  { session, minimum }: { readonly session: string; readonly minimum: number },
): DrainPlan {
  const problems: Problem[] = [];
  const drain: { server: string; note: string }[] = [];
  const takeOut: string[] = [];
  const drained: string[] = [];
  const leftAlone: string[] = [];
  for (const { server, note } of wanted) {
    const { name, told } = server;
    const what = `${name} on ${where}`;
    if (note && told !== 'ready' && isDamaged(note)) problems.push(damagedNote(what, note.session));
    else if (note?.session === session && told === 'ready')
      problems.push({
        kind: 'conflict',
        text: `${what} was drained by this session and is ready now: somebody gave it back in between.`,
      });
    else if (note?.session === session && told === 'maint') drained.push(name);
    else if (note?.session === session && told === 'drain') {
      takeOut.push(name);
      drained.push(name);
    } else if (note && told !== 'ready') problems.push(heldBy(what, note.session));
    else if (told === 'maint' || told === 'inherited') leftAlone.push(name);
    else {
      drain.push({ server: name, note: encodeUndoNote({ session, state: FORMERS.indexOf(told) }, LONGEST_NOTE) });
      takeOut.push(name);
      drained.push(name);
    }
  }
  const staying = all.filter(({ name, serves }) => serves && !wanted.some(({ server }) => server.name === name));
  if (drain.length > 0 && staying.length < minimum) {
    const names = staying.map(({ name }) => name).join(', ') || 'none';
    problems.push({
      kind: 'refused',
      text: `${where} would be left with ${staying.length} healthy servers (${names}), and minimum-healthy is ${minimum}.`,
    });
  }
  return { problems, drain, takeOut, drained, leftAlone };
}

export interface GiveBack {
  readonly server: string;
  readonly told: HaproxyServer['told'];
  readonly to: ServerState;
}

/**
 * What each server is told so that it stands as this session found it.
 *
 * @param evident whether the session’s evidence says that it took the server out: a HAProxy that was restarted with a
 * state file remembers that a server is out, and no note
 */
export function planServerRollOut(
  where: string,
  servers: readonly Noted[],
  session: string,
  evident: (server: string) => boolean,
): {
  readonly problems: readonly Problem[];
  readonly giveBack: readonly GiveBack[];
  readonly leftAlone: readonly string[];
} {
  const problems: Problem[] = [];
  const giveBack: GiveBack[] = [];
  const leftAlone: string[] = [];
  for (const { server, note } of servers) {
    const { name, told } = server;
    if (note === undefined) {
      if (told === 'ready') continue;
      if (evident(name)) giveBack.push({ server: name, told, to: 'ready' });
      else leftAlone.push(name);
    } else if (note.session !== session) {
      if (told !== 'ready') leftAlone.push(name);
    } else if (isDamaged(note) || FORMERS[note.state as number] === undefined) {
      problems.push(damagedNote(`${name} on ${where}`, note.session));
    } else {
      const former = FORMERS[note.state as number] as Former;
      // Whoever made it ready in between decided so; only the note is taken away.
      giveBack.push({ server: name, told, to: told === 'ready' ? 'ready' : former });
    }
  }
  return { problems, giveBack, leftAlone };
}

export function noteOf(text: string): UndoNote | DamagedNote | undefined {
  return decodeUndoNote(text);
}
