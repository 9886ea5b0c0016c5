import type { RehearsalProxy } from '@maintenance-tasks/rehearsal/proxy';
import { removePage, showPage } from '@maintenance-tasks/tasks/maintenance-page/page';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PAGE, SESSION, TOKEN, trustedProxy, worldOf } from './world.ts';

let proxy: RehearsalProxy;
beforeAll(async () => {
  proxy = await trustedProxy();
});
afterAll(() => proxy.close());

const SHOP = { name: 'www.example.com', type: 'A', content: '192.0.2.10', proxied: true } as const;
const common = { token: TOKEN, session: SESSION, dryRun: false };

test('shows the page and gives the records back', async () => {
  const world = worldOf(proxy, [{ name: 'example.com', records: [SHOP] }]);
  const before = world.cloudflare.state();
  const shown = await showPage(world.context(), { ...common, hosts: ['www.example.com'], target: PAGE });
  console.log(
    JSON.stringify(world.cloudflare.state()),
    world.lines,
    proxy.calls.map(({ method, host, path, status }) => `${method} ${host}${path} ${status}`),
  );
  expect(shown).toEqual({ changed: ['www.example.com'], showing: ['www.example.com'] });
  const given = await removePage(world.context(), { ...common, hosts: ['www.example.com'] });
  expect(given).toEqual({ restored: ['www.example.com'], showing: [] });
  expect(world.cloudflare.state()).toEqual(before);
});
