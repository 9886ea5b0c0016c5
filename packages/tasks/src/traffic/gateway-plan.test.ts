import type { BackendAddress, Gateway } from '@maintenance-tasks/services/application-gateway/client';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bindsByCookie, drainSeconds } from './gateway-draining.ts';
import { healthyWithout, notAsSent, planPoolDrain, planPoolRollOut, withEdits } from './gateway-plan.ts';

const SESSION = 'mw-202611220600-k7qx';
const NOW = Date.parse('2026-11-22T02:30:00Z');
const ID = '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/applicationGateways/agw';

function gatewayOf(addresses: readonly BackendAddress[], more: Partial<Gateway> = {}): Gateway {
  const pool = { id: `${ID}/backendAddressPools/web`, name: 'web', properties: { backendAddresses: addresses } };
  return { id: ID, name: 'agw', properties: { backendAddressPools: [pool], unknown: { kept: true } }, ...more };
}

const targetOf = (members: readonly string[]) => ({ pool: 'web', members, minimumHealthy: 1 });
const poolOf = (gateway: Gateway) => gateway.properties.backendAddressPools?.[0]?.properties?.backendAddresses ?? [];

const address: fc.Arbitrary<BackendAddress> = fc.oneof(
  fc.ipV4().map((ipAddress) => ({ ipAddress })),
  fc.ipV6().map((ipAddress) => ({ ipAddress })),
  fc.stringMatching(/^[a-z]{1,8}\.example\.com$/).map((fqdn) => ({ fqdn })),
  // As the portal writes an address that was typed into the field for names.
  fc.ipV4().map((fqdn) => ({ fqdn })),
);
const keyOf = ({ ipAddress, fqdn }: BackendAddress) => (ipAddress ?? fqdn ?? '').toLowerCase();
const pools = fc.uniqueArray(address, { minLength: 2, maxLength: 30, selector: keyOf });

test('gives any pool back exactly, in its order and form, by what the tag remembers', () => {
  fc.assert(
    fc.property(pools, fc.array(fc.nat(29), { minLength: 1, maxLength: 3 }), (addresses, picks) => {
      const gateway = gatewayOf(addresses);
      const members = [...new Set(picks.map((pick) => keyOf(addresses[pick % addresses.length] as BackendAddress)))];
      // In two runs, as if a member were thought of later.
      let drained = gateway;
      for (const part of [members.slice(0, 1), members]) {
        const { edit } = planPoolDrain(
          drained,
          targetOf(part.filter((one) => poolOf(drained).some((each) => keyOf(each) === one))),
          SESSION,
          NOW,
        );
        if (edit) drained = withEdits(drained, [edit]);
      }
      expect(poolOf(drained)).toEqual(addresses.filter((one) => !members.includes(keyOf(one))));
      const { edit } = planPoolRollOut(drained, 'web', SESSION);
      expect(withEdits(drained, edit ? [edit] : [])).toEqual({ ...gateway, tags: {} });
    }),
  );
});

test('keeps every member that others add or remove meanwhile', () => {
  fc.assert(
    fc.property(pools, fc.nat(29), fc.nat(29), address, (addresses, out, removed, added) => {
      fc.pre(addresses.every((one) => keyOf(one) !== keyOf(added)));
      const leaving = addresses[out % addresses.length] as BackendAddress;
      const { edit } = planPoolDrain(gatewayOf(addresses), targetOf([keyOf(leaving)]), SESSION, NOW);
      const drained = withEdits(gatewayOf(addresses), edit ? [edit] : []);
      const gone = poolOf(drained)[removed % poolOf(drained).length] as BackendAddress;
      const others = [...poolOf(drained).filter((one) => one !== gone), added];
      const changed = gatewayOf(others, { tags: drained.tags ?? {} });
      const back = planPoolRollOut(changed, 'web', SESSION).edit?.addresses ?? [];
      expect(new Set(back.map(keyOf))).toEqual(new Set([...others, leaving].map(keyOf)));
    }),
  );
});

describe('what keeps a pool from being drained', () => {
  const members = [{ ipAddress: '10.0.1.1' }, { ipAddress: '10.0.1.2' }];
  const [first] = ['10.0.1.1'];
  const drained = withEdits(
    gatewayOf(members),
    [planPoolDrain(gatewayOf(members), targetOf([first]), SESSION, NOW).edit].flatMap((edit) => edit ?? []),
  );
  const tag = Object.values(drained.tags ?? {})[0] ?? '';

  test.each([
    [
      'an unknown member',
      gatewayOf(members),
      ['10.0.1.9'],
      'input',
      'has no member 10.0.1.9; it has 10.0.1.1, 10.0.1.2',
    ],
    [
      'a member that was put back by hand',
      gatewayOf(members, { tags: drained.tags ?? {} }),
      ['10.0.1.1'],
      'conflict',
      'somebody put it back',
    ],
    [
      'a tag that was edited',
      { ...drained, tags: { 'Maintenance-Tasks-Web': tag.replace('10.0', '10.9') } },
      ['10.0.1.2'],
      'conflict',
      'was cut or edited',
    ],
    [
      'no room for a tag',
      gatewayOf(members, { tags: Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`t${index}`, ''])) }),
      ['10.0.1.1'],
      'refused',
      'has 50 tags',
    ],
  ] as const)('%s', (_name, gateway, wanted, kind, text) => {
    expect(planPoolDrain(gateway, targetOf(wanted), SESSION, NOW).problems).toEqual([
      { kind, text: expect.stringContaining(text) },
    ]);
  });

  test('another session, which alone gives it back', () => {
    expect(planPoolDrain(drained, targetOf(['10.0.1.2']), 'mw-202611220600-zzzz', NOW).problems[0]?.kind).toBe(
      'refused',
    );
    expect(planPoolRollOut(drained, 'web', 'mw-202611220600-zzzz').edit).toBeUndefined();
  });

  test('nothing when it is drained already, and it tells since when', () => {
    const plan = planPoolDrain(drained, targetOf([first]), SESSION, NOW + 60_000);
    expect(plan).toMatchObject({ problems: [], drained: [first], since: NOW });
    expect(plan.edit).toBeUndefined();
  });
});

test('counts a member as healthy only when all settings find it so', () => {
  const health = [
    { pool: 'web', address: 'a', health: 'Up' },
    { pool: 'web', address: 'a', health: 'Down' },
    { pool: 'Web', address: 'b', health: 'Healthy' },
    { pool: 'web', address: 'c', health: 'Unknown' },
    { pool: 'web', address: 'd', health: 'Draining' },
    { pool: 'web', address: 'e', health: 'Up' },
    { pool: 'api', address: 'f', health: 'Up' },
  ];
  expect(healthyWithout(health, 'web', ['E'])).toEqual(['b']);
});

test('waits for the longest draining among the settings that rules use with the pool, and no others', () => {
  const setting = (name: string, seconds?: number) => ({
    id: `${ID}/backendHttpSettingsCollection/${name}`,
    properties: {
      cookieBasedAffinity: name === 'path' ? 'Enabled' : 'Disabled',
      connectionDraining: { enabled: seconds !== undefined, drainTimeoutInSec: seconds ?? 1 },
    },
  });
  const pool = { id: `${ID}/backendAddressPools/web` };
  const gateway = gatewayOf([]);
  const properties = {
    ...gateway.properties,
    backendHttpSettingsCollection: [setting('basic', 45), setting('path', 120), setting('other', 3_600)],
    requestRoutingRules: [
      { properties: { backendAddressPool: pool, backendHttpSettings: { id: setting('basic').id } } },
    ],
  };
  expect(drainSeconds({ ...gateway, properties }, 'web')).toBe(45);
  expect(bindsByCookie({ ...gateway, properties }, 'web')).toBe(false);
  const pathRules = [
    { properties: { backendAddressPool: pool, backendHttpSettings: { id: setting('path').id.toUpperCase() } } },
  ];
  const withPaths = { ...gateway, properties: { ...properties, urlPathMaps: [{ properties: { pathRules } }] } };
  expect(drainSeconds(withPaths, 'web')).toBe(120);
  expect(bindsByCookie(withPaths, 'web')).toBe(true);
  // Not set up: Azure's own default.
  expect(
    drainSeconds(
      { ...gateway, properties: { ...properties, backendHttpSettingsCollection: [setting('basic')] } },
      'web',
    ),
  ).toBe(30);
});

test('names the pools that do not read back as they were sent, with both values', () => {
  const sent = gatewayOf([{ ipAddress: '10.0.1.1' }]);
  expect(notAsSent(sent, gatewayOf([{ ipAddress: '10.0.1.1' }]))).toEqual([]);
  expect(notAsSent(sent, gatewayOf([{ ipAddress: '10.0.1.2' }]))).toEqual([
    { pool: 'web', sent: '10.0.1.1', now: '10.0.1.2' },
  ]);
});
