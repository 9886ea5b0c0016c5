import { sessionEnd } from '@maintenance-tasks/core';

export const EVENTS = ['planned', 'starting', 'in-progress', 'finished', 'failed', 'rescheduled', 'cancelled'] as const;

export type WindowEvent = (typeof EVENTS)[number];

/** What the caller says about the window, in words for readers. */
export interface Texts {
  readonly title?: string;
  readonly message?: string;
  readonly starts?: string;
  readonly ends?: string;
  /** `standard`, `none` or an own sentence; `standard` when left out. */
  readonly disclaimer?: string;
  readonly details?: Readonly<Record<string, string>>;
}

/** What all channels say, before each writes it in its own form. */
export interface Announcement {
  readonly event: WindowEvent;
  readonly session: string;
  readonly title: string;
  /** How the window stands now, in two or three words: `in progress`. */
  readonly status: string;
  /** What customers notice. */
  readonly message: string;
  readonly facts: readonly { readonly name: string; readonly value: string }[];
  readonly disclaimer?: string;
  /** Where the run can be looked at. */
  readonly link?: string;
}

const STATUS: Readonly<Record<WindowEvent, string>> = {
  planned: 'planned',
  starting: 'starting now',
  'in-progress': 'in progress',
  finished: 'finished',
  failed: 'not finished as planned',
  rescheduled: 'rescheduled',
  cancelled: 'cancelled',
};

const NOTICED: Readonly<Record<WindowEvent, string>> = {
  planned: 'We will be working on our systems in this window. Services may be interrupted while it lasts.',
  starting: 'We are starting work on our systems. Services may be interrupted until the window ends.',
  'in-progress': 'Work on our systems goes on as planned. Services may still be interrupted.',
  finished: 'The work is done and services are available again. If something does not work, please tell us.',
  failed: 'The work did not end as planned. We are on it, and will tell you as soon as services are available again.',
  rescheduled: 'The work on our systems takes place at another time, given here. The time told before no longer holds.',
  cancelled: 'The work on our systems does not take place. Services stay available.',
};

const STANDARD_DISCLAIMER =
  'Interruptions are possible during the whole window, and work can take longer than planned. Please finish or save what you are working on, and keep your own backups.';

/** Once the window is over, or does not take place, there is nothing left to mind. */
const WITHOUT_DISCLAIMER: readonly WindowEvent[] = ['finished', 'cancelled'];

// Slack takes 150 characters in a header, 3,000 in a section and 10 fields: https://docs.slack.dev/reference/block-kit/blocks
const LONGEST = { title: 120, message: 2_500, name: 60, value: 300, disclaimer: 600 };
const MOST_FACTS = 8;

/** The announcement of an event, with everything shortened to what every channel can show. */
export function announcementOf(event: WindowEvent, session: string, texts: Texts, link?: string): Announcement {
  const ends = texts.ends ?? inUtc(sessionEnd(session));
  const times = [
    ...(texts.starts ? [{ name: 'Starts', value: texts.starts }] : []),
    ...(ends ? [{ name: 'Ends', value: ends }] : []),
  ];
  const details = Object.entries(texts.details ?? {}).map(([name, value]) => ({ name, value }));
  const facts = [...times, ...details].slice(0, MOST_FACTS);
  const disclaimer = disclaimerOf(event, texts.disclaimer ?? 'standard');
  return {
    event,
    session,
    title: shortened(texts.title ?? 'Planned maintenance', LONGEST.title),
    status: STATUS[event],
    message: shortened(texts.message ?? NOTICED[event], LONGEST.message),
    facts: facts.map(({ name, value }) => ({
      name: shortened(name, LONGEST.name),
      value: shortened(value, LONGEST.value),
    })),
    ...(disclaimer && { disclaimer: shortened(disclaimer, LONGEST.disclaimer) }),
    ...(link && /^https:\/\/[^\s<>|"]+$/.test(link) && { link }),
  };
}

/** One line of plain text that says it all: what notifications on a phone show. */
export function headline({ title, status }: Announcement): string {
  return `${title}: ${status}`;
}

/** `2026-11-22 06:00 UTC` */
function inUtc(date: Date | undefined): string | undefined {
  return date && `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function disclaimerOf(event: WindowEvent, asked: string): string | undefined {
  if (asked === 'none' || WITHOUT_DISCLAIMER.includes(event)) return undefined;
  return asked === 'standard' ? STANDARD_DISCLAIMER : asked;
}

/** At most so many characters, and none that only a terminal would obey. */
function shortened(text: string, longest: number): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  const clean = text.replace(/[\u0000-\u0009\u000b-\u001f\u007f]/g, '').trim();
  if (clean.length <= longest) return clean;
  let start = '';
  // Character by character: half of an emoji is no valid text.
  for (const character of clean) {
    if (start.length + character.length >= longest) break;
    start += character;
  }
  return `${start}…`;
}
