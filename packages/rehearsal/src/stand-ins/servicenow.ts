import { z } from 'zod';
import type { StandIn, StandInAnswer, StandInRequest, StandInWorld } from '../stand-in.ts';
import { objectIn } from './json-body.ts';

/** The states of a change as an instance has them at first. */
const LABELS: Readonly<Record<string, string>> = {
  '-5': 'New',
  '-4': 'Assess',
  '-3': 'Authorize',
  '-2': 'Scheduled',
  '-1': 'Implement',
  '0': 'Review',
  '3': 'Closed',
  '4': 'Canceled',
};
const NEXT: Readonly<Record<string, readonly string[]>> = {
  '-5': ['-4', '4'],
  '-4': ['-3', '4'],
  '-3': ['-2', '4'],
  '-2': ['-1', '4'],
  '-1': ['0', '4'],
  '0': ['3', '-1'],
  '3': [],
  '4': [],
};

export const servicenowSeed = z.strictObject({
  host: z.string().default('example.service-now.com').describe('Host of the instance.'),
  user: z.string().default('maintenance').describe('The user it knows.'),
  password: z.string().default('servicenow-password').describe('The password of the user.'),
  token: z.string().default('servicenow-token').describe('The OAuth token it knows.'),
  'journals-readable': z.boolean().default(true).describe('Whether the user may read work notes and comments.'),
  'holds-silently': z.boolean().default(false).describe('Whether a rule keeps the state without saying so.'),
  changes: z
    .array(
      z.strictObject({
        number: z.string().regex(/^CHG\d+$/),
        state: z.enum(Object.values(LABELS) as [string, ...string[]]).default('Scheduled'),
      }),
    )
    .default([])
    .describe('Its changes.'),
});

interface Change {
  readonly id: string;
  readonly number: string;
  state: string;
  readonly journals: { readonly work_notes: string[]; readonly comments: string[] };
  closed: { code: string; notes: string } | undefined;
}

/** ServiceNow's Table API and Change Management API, as far as one change goes: https://www.servicenow.com/docs (REST API reference) */
export function servicenowStandIn(given: z.input<typeof servicenowSeed>, world: StandInWorld): StandIn {
  const seed = servicenowSeed.parse(given);
  const changes = seed.changes.map(
    ({ number, state }, index): Change => ({
      id: String(index + 1).padStart(32, '0'),
      number,
      state: Object.keys(LABELS).find((value) => LABELS[value] === state) as string,
      journals: { work_notes: [], comments: [] },
      closed: undefined,
    }),
  );

  function field(change: Change, name: string): string | { value: string; display_value: string } {
    if (name === 'work_notes' || name === 'comments') {
      const title = name === 'work_notes' ? 'Work notes' : 'Additional comments';
      // Newest first, each under who wrote it when.
      const text = [...change.journals[name]]
        .reverse()
        .map(
          (entry) =>
            `${world.now().toISOString().slice(0, 19).replace('T', ' ')} - Maintenance (${title})\n${entry}\n\n`,
        )
        .join('');
      return { value: '', display_value: text };
    }
    const values: Readonly<Record<string, string>> = { sys_id: change.id, number: change.number, state: change.state };
    const value = values[name] ?? '';
    return { value, display_value: name === 'state' ? (LABELS[value] as string) : value };
  }

  function shown(change: Change, names: readonly string[]): object {
    const isHidden = (name: string) => !seed['journals-readable'] && (name === 'work_notes' || name === 'comments');
    // A field that may not be read is left out.
    return Object.fromEntries(names.filter((name) => !isHidden(name)).map((name) => [name, field(change, name)]));
  }

  function table(request: StandInRequest, id: string | undefined): StandInAnswer {
    const { method, url } = request;
    if (id === undefined) {
      const [, number] = /^number=(.+)$/.exec(url.searchParams.get('sysparm_query') ?? '') ?? [];
      const names = (url.searchParams.get('sysparm_fields') ?? '').split(',');
      const found = changes.filter((change) => change.number === number);
      return { status: 200, body: { result: found.map((change) => shown(change, names)) } };
    }
    const change = changes.find((each) => each.id === id);
    if (!change) return failure(404, 'No Record found', "Record doesn't exist or ACL restricts the record retrieval");
    if (method !== 'PATCH') return failure(405, 'Method not supported');
    const body = objectIn(request.body);
    if (!body) return failure(400, 'Exception while reading request');
    for (const journal of ['work_notes', 'comments'] as const)
      if (typeof body[journal] === 'string' && body[journal] !== '') change.journals[journal].push(body[journal]);
    // A state that the model does not allow is dropped here without a word.
    const state = String(body.state ?? change.state);
    if (NEXT[change.state]?.includes(state)) change.state = state;
    return { status: 200, body: { result: { sys_id: change.id, number: change.number, state: change.state } } };
  }

  function move(change: Change, { body }: StandInRequest): StandInAnswer {
    const asked = objectIn(body) ?? {};
    const state = String(asked.state ?? change.state);
    if (!NEXT[change.state]?.includes(state))
      return failure(400, 'Change cannot be moved', `Invalid state transition to ${LABELS[state] ?? state}`);
    if (state === '3' && (!asked.close_code || !asked.close_notes))
      return failure(400, 'Data Policy Exception', 'The following fields are mandatory: Close code, Close notes');
    if (!seed['holds-silently']) {
      change.state = state;
      if (state === '3') change.closed = { code: String(asked.close_code), notes: String(asked.close_notes) };
    }
    return { status: 200, body: { result: { sys_id: field(change, 'sys_id'), state: field(change, 'state') } } };
  }

  function carryOut(request: StandInRequest): StandInAnswer {
    const path = request.url.pathname;
    const [inTable, id] = /^\/api\/now\/table\/change_request(?:\/([^/]+))?$/.exec(path) ?? [];
    if (inTable) return table(request, id);
    const [, moved, rest] = /^\/api\/sn_chg_rest\/change\/([^/]+)(\/nextstates)?$/.exec(path) ?? [];
    const change = changes.find((each) => each.id === moved);
    if (!change) return failure(404, 'Requested URI does not represent any resource');
    if (!rest) return request.method === 'PATCH' ? move(change, request) : failure(405, 'Method not supported');
    const available = [change.state, ...(NEXT[change.state] ?? [])];
    const result = {
      available_states: available,
      state_label: Object.fromEntries(available.map((value) => [value, LABELS[value]])),
    };
    return { status: 200, body: { result } };
  }

  const known = [`Basic ${Buffer.from(`${seed.user}:${seed.password}`).toString('base64')}`, `Bearer ${seed.token}`];
  return {
    name: 'ServiceNow',
    hosts: [seed.host],
    answer: (request) =>
      known.includes(request.headers.authorization ?? '')
        ? carryOut(request)
        : failure(401, 'User Not Authenticated', 'Required to provide Auth information'),
    state: () => ({
      changes: changes.map(({ number, state, journals, closed }) => ({
        number,
        state: LABELS[state],
        'work notes': journals.work_notes,
        comments: journals.comments,
        ...(closed && { closed }),
      })),
    }),
    // An entry stays: it is the record of what was told.
    leftovers: () => [],
  };
}

function failure(status: number, message: string, detail = ''): StandInAnswer {
  return { status, body: { error: { message, detail }, status: 'failure' } };
}
