import type { DamagedNote, UndoNote } from '@maintenance-tasks/core';

/** One job as its scheduler shows it, in words that all schedulers share. */
export interface Standing {
  /** The same in every run: `kubernetes k8s.example.com shop/nightly`. */
  readonly id: string;
  /** As a person would look for it: `CronJob shop/nightly`. */
  readonly what: string;
  readonly paused: boolean;
  /** In the scheduler's own word: `suspended`, `Started`. */
  readonly stands: string;
  /** Which session paused it, where one did. */
  readonly note: UndoNote | DamagedNote | undefined;
  /** Notes are written before the change where they do not fit into it: one alone then says only that it was meant. */
  readonly notedBeforehand: boolean;
}

export interface PausePlan<J extends Standing> {
  readonly pause: readonly J[];
  /** Paused by this session already. */
  readonly keep: readonly J[];
  /** Paused by somebody else before: they stay as they are, now and on resume. */
  readonly leftAlone: readonly J[];
  /** Why nothing may be paused, a sentence each. */
  readonly problems: readonly string[];
}

/** What there is to do so that all of the jobs are paused. */
export function planPause<J extends Standing>(session: string, jobs: readonly J[]): PausePlan<J> {
  const pause: J[] = [];
  const keep: J[] = [];
  const leftAlone: J[] = [];
  const problems: string[] = [];
  for (const job of jobs) {
    const { note } = job;
    if (note === undefined) (job.paused ? leftAlone : pause).push(job);
    else if (isDamagedNote(note))
      problems.push(`${job.what} carries a note of the session ${note.session} that was cut or edited.`);
    else if (note.session !== session)
      problems.push(
        `${job.what} is held by the session ${note.session}, whose end would start it in the middle of this one.`,
      );
    else if (job.paused) keep.push(job);
    else if (job.notedBeforehand) pause.push(job);
    else
      problems.push(`${job.what} was paused by this session and is ${job.stands} now: somebody resumed it in between.`);
  }
  return { pause, keep, leftAlone, problems };
}

export interface ResumePlan<J extends Standing> {
  readonly resume: readonly J[];
  /** Active already: only the note is taken away. */
  readonly forget: readonly J[];
  /** What cannot be resumed, a sentence each; the others are all the same. */
  readonly problems: readonly string[];
}

/** What there is to do so that each job stands as this session found it. What carries no note of it is left alone. */
export function planResume<J extends Standing>(session: string, jobs: readonly J[]): ResumePlan<J> {
  const own = jobs.filter(({ note }) => note?.session === session);
  const whole = own.filter(({ note }) => note && !isDamagedNote(note));
  return {
    resume: whole.filter(({ paused }) => paused),
    forget: whole.filter(({ paused }) => !paused),
    problems: own
      .filter(({ note }) => note && isDamagedNote(note))
      .map(
        ({ what, stands }) =>
          `${what} is ${stands}, and the note that tells how it stood before was cut or edited: look at it, and resume it by hand.`,
      ),
  };
}

function isDamagedNote(note: UndoNote | DamagedNote): note is DamagedNote {
  return 'damaged' in note;
}

/** As a job's `what` begins, once for each: two entries may name the same one. */
export function eachOnce<J extends Standing>(jobs: readonly J[]): J[] {
  return [...new Map(jobs.map((job) => [job.id, job])).values()];
}
