import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { PRELOAD } from './step-runner.ts';

async function run(code: string, environment: Record<string, string> = {}): Promise<string> {
  const env = { ...process.env, NODE_OPTIONS: `--require ${JSON.stringify(PRELOAD)}`, ...environment };
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', code], { env });
  return stdout.trim();
}

it('shifts what time it is, in all the ways of asking', async () => {
  const shift = 86_400_000 * 100;
  const said = await run(
    'console.log(JSON.stringify([Date.now(), new Date().getTime(), Date.parse(Date()), +new (class extends Date {})()]))',
    { REHEARSAL_CLOCK_SHIFT: String(shift) },
  );
  for (const time of JSON.parse(said) as number[]) expect(Math.abs(time - Date.now() - shift)).toBeLessThan(10_000);
});

it('leaves given dates, instanceof and timers alone', async () => {
  const said = await run(
    'const t = performance.now(); setTimeout(() => console.log(new Date(0).toISOString(), new Date() instanceof Date, performance.now() - t < 5000), 20)',
    { REHEARSAL_CLOCK_SHIFT: '1000000000' },
  );
  expect(said).toBe('1970-01-01T00:00:00.000Z true true');
});

it.each([
  ["require('net').connect(443, 'example.com')", 'EREHEARSAL'],
  ["require('net').connect({ host: '192.0.2.1', port: 80 })", 'EREHEARSAL'],
  ["require('tls').connect(443, 'example.com')", 'EREHEARSAL'],
  ["require('https').get('https://example.com')", 'EREHEARSAL'],
  ["require('net').connect(9, '127.0.0.1')", 'ECONNREFUSED'],
])('lets %s fail with %s', async (code, means) => {
  expect(await run(`${code}.on('error', (error) => console.log(error.code))`)).toBe(means);
});

it('lets no datagram out, and asks only the rehearsal’s name server', async () => {
  expect(
    await run(
      "try { require('dgram').createSocket('udp4').send('x', 53, '192.0.2.1') } catch (error) { console.log(error.code) }",
    ),
  ).toBe('EREHEARSAL');
  const servers =
    "const { Resolver } = require('dns').promises; const r = new Resolver(); r.setServers(['192.0.2.1']); console.log(r.getServers().join())";
  expect(await run(servers, { REHEARSAL_DNS: '127.0.0.1:5353' })).toBe('127.0.0.1:5353');
});
