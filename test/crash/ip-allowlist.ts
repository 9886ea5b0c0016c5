import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { SESSION } from './world.ts';

const TOKEN = 'rehearsal-cloudflare-token';
const ACCOUNT = 'a'.repeat(32);
const inputs = { 'cloudflare-token': TOKEN, session: SESSION, account: ACCOUNT, list: 'maintenance_access' };
const add = {
  task: 'ip-allowlist',
  inputs: {
    ...inputs,
    state: 'add',
    addresses: '203.0.113.0/28\n198.51.100.7\n2001:db8::7',
    hosts: 'my.example.com\nshop.example.org',
  },
};
const changeRule = {
  task: 'ip-allowlist',
  inputs: { ...add.inputs, hosts: 'my.example.com', rule: 'nights', addresses: '203.0.113.9' },
};
const otherZone = { task: 'ip-allowlist', inputs: { ...add.inputs, hosts: 'shop.example.org' } };
const remove = { task: 'ip-allowlist', inputs: { ...inputs, state: 'remove' } };

/** A zone with rules and one that never had any; an address that somebody else put on the list. */
const world: CrashScenario['world'] = (time) => [
  cloudflareStandIn(
    {
      tokens: [{ token: TOKEN }],
      // Done when it is next looked at: how often a run looks must not depend on how busy the machine is.
      'list-operation': 0,
      lists: [
        {
          account: ACCOUNT,
          name: 'maintenance_access',
          items: [{ ip: '198.51.100.7', comment: 'VPN' }, { ip: '198.51.100.8' }],
        },
      ],
      zones: [
        {
          name: 'example.com',
          account: ACCOUNT,
          rules: [
            { action: 'skip', expression: 'ip.src eq 192.0.2.1', ref: 'office' },
            {
              action: 'managed_challenge',
              expression: 'true',
              ref: 'nights',
              enabled: false,
              logging: { enabled: true },
            },
          ],
        },
        { name: 'example.org', account: ACCOUNT },
      ],
    },
    time,
  ),
];

const scenarios: CrashScenario[] = [
  { name: 'ip-allowlist add', ...add, world, sweep: remove },
  { name: 'ip-allowlist add, by a rule that is there', ...changeRule, world, sweep: remove },
  { name: 'ip-allowlist remove', ...remove, before: [changeRule, otherZone], world },
];
export default scenarios;
