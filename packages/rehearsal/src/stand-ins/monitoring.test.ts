import { describe, expect, test } from 'vitest';
import type { StandIn, StandInAnswer } from '../stand-in.ts';
import { alertmanagerStandIn } from './alertmanager.ts';
import { datadogStandIn } from './datadog.ts';
import { pingdomStandIn } from './pingdom.ts';

const NOW = Date.parse('2026-11-22T00:30:00Z');

function clockAt(start = NOW) {
  let at = start;
  return {
    now: () => new Date(at),
    pass: (milliseconds: number) => {
      at += milliseconds;
    },
  };
}

async function ask(
  standIn: StandIn,
  method: string,
  url: string,
  headers: Record<string, string>,
  body?: unknown,
): Promise<StandInAnswer> {
  const parsed = new URL(url);
  return standIn.answer({
    method,
    url: parsed,
    connectedTo: { host: parsed.hostname, port: 443 },
    headers,
    body: Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body)),
  });
}

describe('the stand-in for Pingdom', () => {
  const access = { authorization: 'Bearer pingdom-token' };
  const seconds = NOW / 1_000;
  const window = { description: 'x', from: 1, to: seconds + 3_600, uptimeids: '11' };
  const start = () => {
    const clock = clockAt();
    const standIn = pingdomStandIn({ checks: [{ id: 11, name: 'www.example.com' }] }, clock);
    const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = access) =>
      ask(standIn, method, `https://api.pingdom.com/api/3.1${path}`, headers, body);
    return { clock, call };
  };

  test.each([
    ['a start in the past', { ...window, from: seconds - 1 }],
    ['an end in the past', { ...window, to: seconds - 1 }],
    ['a window without an end', { ...window, to: undefined }],
    ['checks that do not exist', { ...window, uptimeids: '11,99' }],
    ['no JSON', 'from=1'],
  ])('refuses %s', async (_, body) => {
    expect(await start().call('POST', '/maintenance', body)).toMatchObject({
      status: 400,
      body: { error: { statuscode: 400, errormessage: expect.any(String) } },
    });
  });

  test('ends a running window by an end of now, and deletes only one to come', async () => {
    const { call, clock } = start();
    expect(await call('POST', '/maintenance', window)).toMatchObject({ body: { maintenance: { id: 1_001 } } });
    expect(await call('DELETE', '/maintenance/1001')).toMatchObject({ status: 400 });
    expect(await call('PUT', '/maintenance/1001', { from: seconds + 60 })).toMatchObject({ status: 400 });
    clock.pass(60_000);
    expect(await call('PUT', '/maintenance/1001', { to: 1, effectiveto: 1 })).toMatchObject({ status: 200 });
    expect(await call('PUT', '/maintenance/1001', { to: 1 })).toMatchObject({ status: 400 });
    const later = { ...window, from: seconds + 600 };
    expect(await call('POST', '/maintenance', later)).toMatchObject({ body: { maintenance: { id: 1_002 } } });
    expect(await call('DELETE', '/maintenance/1002')).toMatchObject({ status: 200 });
    expect(await call('GET', '/maintenance/1002')).toMatchObject({ status: 404 });
  });

  test('refuses other tokens', async () => {
    expect(await start().call('GET', '/maintenance', undefined, {})).toMatchObject({ status: 401 });
  });

  test('tells its limit in its own headers only', async () => {
    const standIn = pingdomStandIn({ 'requests-a-minute': 1 }, clockAt());
    const list = () => ask(standIn, 'GET', 'https://api.pingdom.com/api/3.1/maintenance', access);
    expect(await list()).toMatchObject({
      status: 200,
      headers: { 'req-limit-short': 'Remaining: 0 Time until reset: 60' },
    });
    const refused = await list();
    expect(refused.status).toBe(429);
    expect(refused.headers).not.toHaveProperty('retry-after');
  });
});

describe('the stand-in for Datadog', () => {
  const access = { 'dd-api-key': 'datadog-api-key', 'dd-application-key': 'datadog-app-key' };
  const attributes = {
    scope: 'env:prod',
    monitor_identifier: { monitor_tags: ['*'] },
    schedule: { end: '2026-11-22T02:30:00Z' },
  };
  const base = 'https://api.datadoghq.com/api/v2/downtime';

  test.each([
    ['another type', { type: 'silence', attributes }],
    ['no scope', { type: 'downtime', attributes: { ...attributes, scope: '' } }],
    ['no monitors', { type: 'downtime', attributes: { ...attributes, monitor_identifier: {} } }],
    [
      'two kinds of monitors',
      { type: 'downtime', attributes: { ...attributes, monitor_identifier: { monitor_tags: ['*'], monitor_id: 1 } } },
    ],
    [
      'an end in the past',
      { type: 'downtime', attributes: { ...attributes, schedule: { end: '2026-11-22T00:00:00Z' } } },
    ],
    [
      'a start in the past',
      { type: 'downtime', attributes: { ...attributes, schedule: { start: '2026-11-22T00:00:00Z' } } },
    ],
  ])('refuses %s', async (_, data) => {
    expect(await ask(datadogStandIn({}, clockAt()), 'POST', base, access, { data })).toMatchObject({
      status: 400,
      body: { errors: [expect.any(String)] },
    });
  });

  test('wants both keys, and the scope', async () => {
    const standIn = datadogStandIn({}, clockAt());
    expect(await ask(standIn, 'GET', base, {})).toMatchObject({ status: 401 });
    expect(await ask(standIn, 'GET', base, { ...access, 'dd-api-key': 'x' })).toEqual(
      expect.objectContaining({ status: 403, body: { errors: ['Forbidden'] } }),
    );
    expect(await ask(datadogStandIn({ scopes: [] }, clockAt()), 'GET', base, access)).toMatchObject({ status: 403 });
  });

  test('ends a downtime at its time, and forgets a cancelled one after two days', async () => {
    const clock = clockAt();
    const standIn = datadogStandIn({}, clock);
    const create = async () =>
      (await ask(standIn, 'POST', base, access, { data: { type: 'downtime', attributes } })).body as {
        data: { id: string };
      };
    const first = await create();
    const second = await create();
    const status = async ({ data }: { data: { id: string } }) =>
      ((await ask(standIn, 'GET', `${base}/${data.id}`, access)).body as { data?: { attributes: { status: string } } })
        .data?.attributes.status;
    expect(await ask(standIn, 'DELETE', `${base}/${second.data.id}`, access)).toMatchObject({ status: 204 });
    expect([await status(first), await status(second)]).toEqual(['active', 'canceled']);
    clock.pass(3 * 3_600_000);
    expect(await status(first)).toBe('ended');
    clock.pass(48 * 3_600_000);
    expect(await status(second)).toBeUndefined();
  });
});

describe('the stand-in for Alertmanager', () => {
  const silence = {
    matchers: [{ name: 'cluster', value: 'prod', isRegex: false }],
    startsAt: '2026-11-22T00:00:00Z',
    endsAt: '2026-11-22T02:30:00Z',
    createdBy: 'x',
    comment: '',
  };
  const at = (version = '0.28.0') => {
    const standIn = alertmanagerStandIn({ version }, clockAt());
    return (method: string, path: string, body?: unknown) =>
      ask(standIn, method, `https://alerts.example.com/api/${path}`, {}, body);
  };

  test.each([
    [
      'matchers that all match nothing',
      { ...silence, matchers: [{ name: 'a', value: '.*', isRegex: true }] },
      400,
      /"silence invalid: at least one/,
    ],
    [
      'an end before the start',
      { ...silence, endsAt: '2026-11-21T00:00:00Z' },
      400,
      /"Failed to create silence: start/,
    ],
    ['an end in the past', { ...silence, endsAt: '2026-11-22T00:10:00Z' }, 400, /in the past/],
    ['an unknown id', { ...silence, id: 'unknown' }, 404, /"silence not found"/],
    ['no JSON', '{', 400, /"code":400/],
    ['no matchers', { ...silence, matchers: [] }, 422, /"code":612/],
    [
      'a matcher that does not say whether it is a regular expression',
      { ...silence, matchers: [{ name: 'a', value: 'b' }] },
      422,
      /matchers\.0\.isRegex/,
    ],
    [
      'a broken regular expression',
      { ...silence, matchers: [{ name: 'a', value: '(', isRegex: true }] },
      400,
      /invalid regular expression/,
    ],
    ['no comment', { ...silence, comment: undefined }, 422, /"code":602/],
  ])('refuses %s, each in the shape of its own', async (_, body, status, shape) => {
    const answer = await at()('POST', 'v2/silences', body);
    expect(answer.status).toBe(status);
    expect(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)).toMatch(shape);
  });

  test.each([
    ['0.25.0', 500, 200],
    ['0.26.0', 404, 200],
    ['0.27.0', 404, 410],
  ])('of version %s answers %i to ending an unknown silence and %i to API v1', async (version, unknown, v1) => {
    expect((await at(version)('DELETE', 'v2/silence/4f9e8d0e-0000-4000-8000-000000000000')).status).toBe(unknown);
    expect((await at(version)('GET', 'v1/silences')).status).toBe(v1);
  });

  test('moves a start in the past to now, and makes a new silence of changed matchers', async () => {
    const call = at();
    const { silenceID } = (await call('POST', 'v2/silences', silence)).body as { silenceID: string };
    expect((await call('GET', `v2/silence/${silenceID}`)).body).toMatchObject({
      startsAt: '2026-11-22T00:30:00.000Z',
      status: { state: 'active' },
    });
    const matchers = [{ name: 'cluster', value: 'staging', isRegex: false }];
    const changed = (await call('POST', 'v2/silences', { ...silence, id: silenceID, matchers })).body as {
      silenceID: string;
    };
    expect(changed.silenceID).not.toBe(silenceID);
    expect((await call('GET', `v2/silence/${silenceID}`)).body).toMatchObject({ status: { state: 'expired' } });
    const kept = {
      ...silence,
      id: changed.silenceID,
      matchers,
      startsAt: '2026-11-22T00:30:00.000Z',
      endsAt: '2026-11-22T03:00:00Z',
    };
    expect((await call('POST', 'v2/silences', kept)).body).toEqual({ silenceID: changed.silenceID });
  });

  test('ends a silence any number of times', async () => {
    const call = at();
    const { silenceID } = (await call('POST', 'v2/silences', silence)).body as { silenceID: string };
    expect((await call('DELETE', `v2/silence/${silenceID}`)).status).toBe(200);
    expect((await call('DELETE', `v2/silence/${silenceID}`)).status).toBe(200);
  });
});
