import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { cloudflareStandIn } from '@maintenance-tasks/rehearsal/stand-ins/cloudflare';
import { pageStandIn, SESSION } from './world.ts';

export const TOKEN = 'rehearsal-cloudflare-token';
export const PAGE = 'maintenance.example.com';
const inputs = { 'cloudflare-token': TOKEN, session: SESSION };
export const pageOn = {
  task: 'maintenance-page',
  inputs: {
    ...inputs,
    state: 'on',
    hosts: 'www.example.com\nshop.example.com\napi.example.org',
    target: PAGE,
  },
};
const sweep = { task: 'sweep', inputs };

/** Two zones; a name with two addresses, one with a comment and settings of its own, one that nobody may touch. */
export const pageWorld: CrashScenario['world'] = (time) => [
  cloudflareStandIn(
    {
      tokens: [{ token: TOKEN }],
      zones: [
        {
          name: 'example.com',
          plan: 'pro',
          records: [
            { name: 'www.example.com', type: 'A', content: '192.0.2.10', proxied: true },
            { name: 'www.example.com', type: 'A', content: '192.0.2.11', proxied: true, comment: 'second origin' },
            { name: 'shop.example.com', type: 'CNAME', content: 'shops.example.net', proxied: true, ttl: 1 },
            { name: 'mail.example.com', type: 'A', content: '192.0.2.20', ttl: 300 },
          ],
        },
        {
          name: 'example.org',
          records: [{ name: 'api.example.org', type: 'AAAA', content: '2001:db8::1', proxied: true }],
        },
      ],
    },
    time,
  ),
  pageStandIn(PAGE),
];

const scenarios: CrashScenario[] = [
  { name: 'maintenance-page on', ...pageOn, world: pageWorld, sweep },
  {
    name: 'maintenance-page off',
    task: 'maintenance-page',
    inputs: { ...inputs, state: 'off', hosts: pageOn.inputs.hosts },
    before: [pageOn],
    world: pageWorld,
    sweep,
  },
];
export default scenarios;
