import { describe, expect, test } from 'vitest';
import type { StandIn, StandInAnswer } from '../stand-in.ts';
import { azureManagementStandIn } from './azure-management.ts';
import { azureMonitorStandIn } from './azure-monitor.ts';
import { issueToken } from './azure-token.ts';
import { newRelicStandIn } from './new-relic.ts';
import { pagerdutyStandIn } from './pagerduty.ts';
import { statuspageStandIn } from './statuspage.ts';

const NOW = '2026-11-22T00:30:00Z';
const LATER = '2026-11-22T02:30:00Z';
const EARLIER = '2026-11-21T20:00:00Z';

function clockAt(start = NOW) {
  let at = start;
  return {
    now: () => new Date(at),
    set: (time: string) => {
      at = time;
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
  const connectedTo = { host: parsed.hostname, port: 443 };
  return standIn.answer({ method, url: parsed, connectedTo, headers, body: Buffer.from(JSON.stringify(body) ?? '') });
}

describe('the stand-in for New Relic', () => {
  const rule = {
    name: 'x',
    enabled: true,
    condition: { operator: 'AND', conditions: [{ attribute: 'policyName', operator: 'EQUALS', values: ['x'] }] },
    schedule: { startTime: '2026-11-22T00:29:00', endTime: '2026-11-22T02:30:00', timeZone: 'UTC' },
  };
  const create = (changed: object, account = 1_234_567, key = 'new-relic-key') =>
    ask(
      newRelicStandIn({}, clockAt()),
      'POST',
      'https://api.newrelic.com/graphql',
      { 'api-key': key },
      {
        query: 'mutation { alertsMutingRuleCreate(accountId: $account, rule: $rule) { id } }',
        variables: { account, rule: { ...rule, ...changed } },
      },
    );

  test.each([
    ['a time with an offset', { schedule: { ...rule.schedule, endTime: '2026-11-22T02:30:00Z' } }],
    ['an end in the past', { schedule: { ...rule.schedule, endTime: '2026-11-22T00:29:30' } }],
    ['no conditions', { condition: { operator: 'AND', conditions: [] } }],
    ['a rule that does not say whether it is enabled', { enabled: undefined }],
  ])('refuses %s with status 200, as GraphQL does', async (_, changed) => {
    expect(await create(changed)).toMatchObject({
      status: 200,
      body: { data: null, errors: [{ extensions: { errorClass: 'BAD_USER_INPUT' } }] },
    });
  });

  test('refuses other keys and other accounts, each in its way', async () => {
    expect(await create({}, 1_234_567, 'other')).toMatchObject({ status: 401 });
    expect(await create({}, 7)).toMatchObject({ status: 200, body: { errors: [{ message: 'Access denied.' }] } });
    expect(await create({})).toMatchObject({ status: 200, body: { data: { alertsMutingRuleCreate: {} } } });
  });
});

describe('the stand-in for PagerDuty', () => {
  const headers = {
    authorization: 'Token token=pagerduty-token',
    accept: 'application/vnd.pagerduty+json;version=2',
    from: 'release.manager@example.com',
  };
  const window = {
    type: 'maintenance_window',
    start_time: EARLIER,
    end_time: LATER,
    services: [{ id: 'PSHOP1', type: 'service_reference' }],
  };
  const start = () => {
    const clock = clockAt();
    const standIn = pagerdutyStandIn({ services: [{ id: 'PSHOP1', name: 'Shop' }] }, clock);
    return {
      clock,
      call: (method: string, path: string, body?: unknown, more: Record<string, string> = {}) =>
        ask(standIn, method, `https://api.pagerduty.com${path}`, { ...headers, ...more }, body),
    };
  };

  test.each([
    ['a time without an offset', { end_time: '2026-11-22T02:30:00' }],
    ['an end in the past', { end_time: '2026-11-22T00:29:00Z' }],
    ['no services', { services: [] }],
    ['unknown services', { services: [{ id: 'PNONE1', type: 'service_reference' }] }],
    ['another type', { type: 'window' }],
  ])('refuses %s', async (_, changed) => {
    const answer = await start().call('POST', '/maintenance_windows', {
      maintenance_window: { ...window, ...changed },
    });
    expect(answer).toMatchObject({ status: 400, body: { error: { code: 2_001, errors: [expect.any(String)] } } });
  });

  test('wants version 2, a key, and a user to act for', async () => {
    const { call } = start();
    const body = { maintenance_window: window };
    expect((await call('POST', '/maintenance_windows', body, { from: 'nobody@example.com' })).status).toBe(400);
    expect((await call('POST', '/maintenance_windows', body, { accept: 'application/json' })).status).toBe(406);
    expect((await call('POST', '/maintenance_windows', body, { authorization: 'Token token=x' })).status).toBe(401);
  });

  test('moves a start in the past to now, and says 405 to ending what is over', async () => {
    const { call, clock } = start();
    const made = await call('POST', '/maintenance_windows', { maintenance_window: window });
    expect(made).toMatchObject({ status: 201, body: { maintenance_window: { start_time: NOW } } });
    expect((await call('DELETE', '/maintenance_windows/PW00001')).status).toBe(204);
    expect((await call('DELETE', '/maintenance_windows/PW00001')).status).toBe(405);
    expect(await call('GET', '/maintenance_windows?filter=open')).toMatchObject({ body: { maintenance_windows: [] } });
    clock.set(LATER);
    expect((await call('DELETE', '/maintenance_windows/PNONE1')).status).toBe(404);
  });
});

describe('the stand-in for Azure Monitor', () => {
  const ID = '44444444-4444-4444-8444-444444444444';
  const GROUP = `/subscriptions/${ID}/resourceGroups/monitoring`;
  const rule = {
    location: 'Global',
    tags: {},
    properties: {
      scopes: [GROUP],
      schedule: { effectiveFrom: '2026-11-22T00:29:00', effectiveUntil: '2026-11-22T02:30:00', timeZone: 'UTC' },
      actions: [{ actionType: 'RemoveAllActionGroups' }],
    },
  };
  const start = () => {
    const standIn = azureMonitorStandIn({ subscriptions: [{ id: ID, groups: ['monitoring'] }] }, clockAt());
    const token = (audience: string) =>
      issueToken({ aud: audience, appid: 'app', tid: 'tenant' }, new Date(NOW), 3_600);
    return (method: string, path: string, body?: unknown, audience = 'https://management.azure.com') =>
      ask(
        azureManagementStandIn([standIn]),
        method,
        `https://management.azure.com${path}`,
        { authorization: `Bearer ${token(audience)}` },
        body,
      );
  };
  const path = (name: string, version = '2021-08-08') =>
    `${GROUP}/providers/Microsoft.AlertsManagement/actionRules/${name}?api-version=${version}`;

  test.each([
    ['a time with an offset', { schedule: { effectiveUntil: LATER } }],
    ['scopes of another subscription', { scopes: ['/subscriptions/other'] }],
    ['more than five values', { conditions: [{ field: 'Severity', operator: 'Equals', values: [...'123456'] }] }],
    ['an unknown field', { conditions: [{ field: 'Colour', operator: 'Equals', values: ['red'] }] }],
    ['no scopes', { scopes: [] }],
  ])('refuses %s', async (_, changed) => {
    const body = { ...rule, properties: { ...rule.properties, ...changed } };
    expect(await start()('PUT', path('x'), body)).toMatchObject({
      status: 400,
      body: { error: { code: 'BadRequest' } },
    });
  });

  test('makes a rule once, whatever the case of its name, and deletes it any number of times', async () => {
    const call = start();
    expect((await call('PUT', path('Night'), rule)).status).toBe(201);
    expect((await call('PUT', path('night'), rule)).status).toBe(200);
    expect((await call('DELETE', path('night'))).status).toBe(200);
    expect((await call('DELETE', path('night'))).status).toBe(204);
  });

  test('refuses other api-versions, other tokens, other groups and other services', async () => {
    const call = start();
    expect(await call('GET', path('x', '2019-05-05'))).toMatchObject({ status: 400 });
    expect(await call('GET', path('x'), undefined, 'https://vault.azure.net')).toMatchObject({ status: 401 });
    expect(await call('GET', path('x').replace('/monitoring', '/none'))).toMatchObject({
      body: { error: { code: 'ResourceGroupNotFound' } },
    });
    expect(await call('GET', '/subscriptions/x/providers/Microsoft.Other')).toMatchObject({
      status: 404,
      body: { error: { code: 'InvalidResourceType' } },
    });
  });
});

describe('the stand-in for Statuspage', () => {
  const headers = { authorization: 'OAuth statuspage-key' };
  const incident = {
    name: 'x',
    status: 'in_progress',
    scheduled_for: NOW,
    scheduled_until: LATER,
    scheduled_auto_completed: true,
    auto_transition_to_operational_state: true,
    component_ids: ['shop1'],
    components: { shop1: 'under_maintenance' },
  };
  const start = (limit = 60) => {
    const clock = clockAt();
    const components = [{ id: 'shop1', name: 'Shop', status: 'degraded_performance' as const }];
    const standIn = statuspageStandIn({ components, 'requests-a-minute': limit }, clock);
    return {
      clock,
      standIn,
      call: (method: string, path: string, body?: unknown) =>
        ask(standIn, method, `https://api.statuspage.io/v1/pages/examplepage${path}`, headers, body),
    };
  };

  test.each([
    ['components of another page', { component_ids: ['other1'] }],
    ['an unknown status of a component', { components: { shop1: 'fine' } }],
    ['an end before the start', { scheduled_until: EARLIER }],
    ['a name that is too long', { name: 'x'.repeat(256) }],
  ])('refuses %s', async (_, changed) => {
    const answer = await start().call('POST', '/incidents', { incident: { ...incident, ...changed } });
    expect(answer).toMatchObject({ status: 422, body: { error: expect.any(String) } });
  });

  test('mails everybody unless told not to', async () => {
    const { call, standIn } = start();
    await call('POST', '/incidents', { incident: { ...incident, deliver_notifications: false } });
    expect(standIn.state()).toMatchObject({ mailed: [] });
    await call('PATCH', '/incidents/inc00001', { incident: { status: 'completed' } });
    expect(standIn.state()).toMatchObject({ mailed: ['x: completed'] });
    expect(await call('PATCH', '/incidents/inc00001', { incident: { status: 'completed' } })).toMatchObject({
      status: 422,
    });
  });

  test('completes by itself at the end, and makes components operational whatever they were', async () => {
    const { call, clock, standIn } = start();
    await call('POST', '/incidents', { incident });
    clock.set(LATER);
    expect(standIn.state()).toMatchObject({
      incidents: [{ now: 'completed' }],
      components: [{ status: 'operational' }],
    });
  });

  test('answers 420 beyond its limit, without saying for how long', async () => {
    const { call } = start(1);
    expect((await call('GET', '/components')).status).toBe(200);
    expect(await call('GET', '/components')).toEqual({ status: 420, body: { error: 'Too many requests' } });
  });
});
