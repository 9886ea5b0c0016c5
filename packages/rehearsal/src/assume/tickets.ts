import { azureInputName } from '@maintenance-tasks/core';
import { parse } from 'yaml';
import type { z } from 'zod';
import type { githubSeed } from '../stand-ins/github.ts';
import type { jiraSeed } from '../stand-ins/jira.ts';
import type { servicenowSeed } from '../stand-ins/servicenow.ts';
import type { smtpSeed } from '../stand-ins/smtp.ts';
import type { zendeskSeed } from '../stand-ins/zendesk.ts';
import type { Known, Note } from './assume.ts';

type Jira = z.input<typeof jiraSeed>;
type ServiceNow = z.input<typeof servicenowSeed>;
type Zendesk = z.input<typeof zendeskSeed>;
type GitHub = z.input<typeof githubSeed>;
type Smtp = z.input<typeof smtpSeed>;

/** How a window file says its tickets of one system must stand. */
type Rule = NonNullable<Known['window']>['tickets'][number];

/** Tickets of each system are told by their form. */
const FORMS = {
  jira: /^[A-Z][A-Z0-9_]+-\d+$/,
  github: /^[\w.-]+\/[\w.-]+#\d+$/,
  servicenow: /^CHG\d+$/,
  zendesk: /^\d+$/,
} as const;

/** A ticket that a step or the window file names, as far as it is written and not computed. */
interface Asked {
  readonly ticket: string;
  readonly address: string | undefined;
  readonly state: string | undefined;
  readonly fixVersion: string | undefined;
  readonly user: string | undefined;
  /** How it must stand before the window. */
  readonly rule: Rule | undefined;
}

/** One site that has every issue that is named, in a state with a way to all that is asked for. */
export function jiraOf(known: Known, note: Note, written: Jira | undefined): Jira[] {
  const asked = askedOf('jira', known);
  const [token] = known.madeUp.byKind['jira-token'] ?? [];
  if (asked.length === 0) return written || token ? [{ ...(token && { token }), ...written }] : [];
  const keys = [...new Set(asked.map(({ ticket }) => ticket))];
  const versions = [...new Set(asked.flatMap(({ fixVersion, rule }) => fixVersion ?? rule?.['fix-version'] ?? []))];
  const states = [...new Set(asked.flatMap(({ state }) => state ?? []))];
  const user = asked.find((each) => each.user)?.user;
  const projects = [...new Set(keys.map((key) => key.replace(/-\d+$/, '')))];
  if (!written?.issues)
    note(`Jira has the issues ${keys.join(', ')}, and a way to ${states.join(', ') || 'all states'}.`);
  return [
    {
      host: hostOf(asked) ?? 'example.atlassian.net',
      deployment: user ? 'Cloud' : 'Server',
      ...(user && { user }),
      ...(token && { token }),
      projects: projects.map((key) => ({ key, type: 'service_desk', versions })),
      ...(states.length > 0 && { transitions: states.map((state) => ({ name: state, to: state })) }),
      issues: keys.map((key) => {
        const rule = asked.find(({ ticket, rule: own }) => ticket === key && own)?.rule;
        const version = rule?.['fix-version'];
        return { key, status: rule?.states[0] ?? 'Approved', ...(version && { 'fix-versions': [version] }) };
      }),
      ...written,
    },
  ];
}

const SCHEDULED = 'Scheduled';

export function servicenowOf(known: Known, note: Note, written: ServiceNow | undefined): ServiceNow[] {
  const asked = askedOf('servicenow', known);
  const [password] = known.madeUp.byKind['servicenow-password'] ?? [];
  const [token] = known.madeUp.byKind['servicenow-token'] ?? [];
  const secrets = { ...(password && { password }), ...(token && { token }) };
  if (asked.length === 0) return written || password || token ? [{ ...secrets, ...written }] : [];
  const numbers = [...new Set(asked.map(({ ticket }) => ticket))];
  const user = asked.find((each) => each.user)?.user;
  if (!written?.changes) note(`ServiceNow has the changes ${numbers.join(', ')} in the state ${SCHEDULED}.`);
  return [
    {
      host: hostOf(asked) ?? 'example.service-now.com',
      ...(user && { user }),
      ...secrets,
      changes: numbers.map((number) => ({ number, state: SCHEDULED })),
      ...written,
    },
  ];
}

export function zendeskOf(known: Known, note: Note, written: Zendesk | undefined): Zendesk[] {
  const asked = askedOf('zendesk', known);
  const [token] = known.madeUp.byKind['zendesk-token'] ?? [];
  if (asked.length === 0) return written || token ? [{ ...(token && { token }), ...written }] : [];
  const ids = [...new Set(asked.map(({ ticket }) => Number(ticket)))];
  const user = asked.find((each) => each.user)?.user;
  if (!written?.tickets) note(`Zendesk has the open tickets ${ids.join(', ')}.`);
  return [
    {
      host: hostOf(asked) ?? 'example.zendesk.com',
      ...(user && { user }),
      ...(token && { token }),
      tickets: ids.map((id) => ({ id })),
      ...written,
    },
  ];
}

/** The same GitHub, with the issues that are named in repositories that nobody described. */
export function withIssues(seeds: readonly GitHub[], known: Known, note: Note): GitHub[] {
  const asked = [...new Set(askedOf('github', known).map(({ ticket }) => ticket))];
  if (asked.length === 0) return [...seeds];
  const [token] = known.madeUp.byKind['github-token'] ?? [];
  const [first = { ...(token && { token }) }, ...others] = seeds;
  const repositories = [...(first.repositories ?? [])];
  for (const ticket of asked) {
    const [name = '', number] = ticket.split('#');
    const index = repositories.findIndex((each) => each.name === name);
    const there = repositories[index];
    if (there?.issues?.some((issue) => issue.number === Number(number))) continue;
    const repository = { ...(there ?? { name }), issues: [...(there?.issues ?? []), { number: Number(number) }] };
    repositories.splice(index < 0 ? repositories.length : index, 1, repository);
    note(`${ticket} is an open issue.`);
  }
  return [{ ...first, repositories }, ...others];
}

/** One server for each that a channel of the window or of a step goes by. */
export function smtpOf(known: Known, note: Note, written: Smtp | undefined): Smtp[] {
  const channels = mailChannelsOf(known);
  const [password] = known.madeUp.byKind['smtp-password'] ?? [];
  const hosts = [...new Set(channels.map(({ host }) => host))];
  if (hosts.length === 0) return written || password ? [{ ...(password && { password }), ...written }] : [];
  if (!written) note(`${hosts.join(', ')} takes mail for everybody.`);
  return hosts.map((host, index) => {
    const own = channels.filter((each) => each.host === host);
    const port = own.find(({ security }) => security !== 'tls')?.port;
    const tlsPort = own.find(({ security }) => security === 'tls')?.port;
    const user = own.find((each) => each.user)?.user;
    return {
      host,
      ...(port && { port }),
      ...(tlsPort && { 'tls-port': tlsPort }),
      ...(user && { user }),
      'asks-for-user': own.every((each) => each.user !== undefined),
      ...(password && { password }),
      ...(index === 0 && written),
    };
  });
}

interface MailChannel {
  readonly kind: 'email';
  readonly host: string;
  readonly port?: number | undefined;
  readonly security?: 'starttls' | 'tls';
  readonly user?: string | undefined;
}

function mailChannelsOf({ window, steps }: Known): MailChannel[] {
  const written = steps.flatMap(({ task, inputs }) => (task === 'notify' ? channelsIn(inputs.channels ?? '') : []));
  return [...(window?.channels ?? []), ...written].filter((each): each is MailChannel => each.kind === 'email');
}

/** What is no list of channels is left to the task to refuse. */
function channelsIn(text: string): { readonly kind?: string }[] {
  try {
    const channels: unknown = parse(text);
    return Array.isArray(channels) ? channels.filter((each) => typeof each?.host === 'string') : [];
  } catch {
    return [];
  }
}

function hostOf(asked: readonly Asked[]): string | undefined {
  const address = asked.find((each) => each.address)?.address;
  return address && new URL(address).hostname;
}

function askedOf(system: keyof typeof FORMS, { steps, window }: Known): Asked[] {
  const rule = window?.tickets.find((each) => each.system === system);
  const written = (inputs: Readonly<Record<string, string>>) => (name: string) => {
    const text = inputs[name] ?? inputs[azureInputName(name)];
    return text && !/\$[({]/.test(text) ? text : undefined;
  };
  // pre-maintenance names nobody's ticket, and signs in all the same.
  const user = steps.flatMap(({ inputs }) => written(inputs)(`${system}-user`) ?? [])[0];
  const inSteps = steps.flatMap(({ task, inputs }): Asked[] => {
    const input = written(inputs);
    const ticket = input('ticket');
    if (task !== 'ticket' || input('system') !== system || !ticket || !FORMS[system].test(ticket)) return [];
    return [
      {
        ticket,
        address: input('address'),
        state: input('state'),
        fixVersion: input('fix-version'),
        user,
        rule,
      },
    ];
  });
  const inWindow = rule
    ? (window?.changes ?? []).flatMap(({ ticket }): Asked[] =>
        FORMS[system].test(ticket)
          ? [{ ticket, address: rule.address, state: undefined, fixVersion: undefined, user, rule }]
          : [],
      )
    : [];
  return [...inSteps, ...inWindow];
}
