import { afterAll, describe, expect, it } from 'vitest';
import { closeServers, http, run, site } from './servers.ts';

afterAll(closeServers);

describe('running checks', () => {
  it('tries again after failures of the network and of expectations', async () => {
    let requests = 0;
    const port = await site((request, response) => {
      requests += 1;
      if (requests === 1) request.socket.resetAndDestroy();
      else response.end(requests === 2 ? 'starting' : 'ready');
    });
    const check = http(`http://127.0.0.1:${port}/`, {
      retry: { attempts: 5, interval: '10ms' },
      expect: { body: { contains: ['ready'] } },
    });
    expect(await run([check])).toMatchObject([{ passed: true, tries: 3, problem: '' }]);
  });

  it('asks for successes in a row', async () => {
    const answers = [200, 503, 200, 200, 200];
    const port = await site((_, response) => response.writeHead(answers.shift() ?? 500).end());
    const check = http(`http://127.0.0.1:${port}/`, { consecutive: 3, retry: { attempts: 2, interval: '1ms' } });
    expect(await run([check])).toMatchObject([{ passed: true, tries: 5 }]);
    expect(answers).toEqual([]);
  });

  it('gives up after the tries it has', async () => {
    const port = await site((_, response) => response.writeHead(500).end());
    const check = http(`http://127.0.0.1:${port}/`, { retry: { attempts: 3, interval: '1ms' } });
    expect(await run([check])).toMatchObject([
      { passed: false, tries: 3, unfinished: false, problem: 'expected status 2xx, got 500 (after 3 tries)' },
    ]);
  });

  it('never has more under way than allowed, and keeps the order', async () => {
    let now = 0;
    let most = 0;
    const port = await site((_, response) => {
      now += 1;
      most = Math.max(most, now);
      setTimeout(() => {
        now -= 1;
        response.end();
      }, 5);
    });
    const checks = Array.from({ length: 40 }, (_, index) => http(`http://127.0.0.1:${port}/${index}`));
    const results = await run(checks, { concurrency: 4 });
    expect(results.map(({ name }) => name)).toEqual(checks.map(({ name }) => name));
    expect(most).toBe(4);
  });

  it('lets checks that wait for their next try not hold up the others', async () => {
    const seen: (string | undefined)[] = [];
    const port = await site((request, response) => {
      seen.push(request.url);
      response.writeHead(request.url === '/bad' ? 500 : 200).end();
    });
    const bad = http(`http://127.0.0.1:${port}/bad`, { retry: { attempts: 2, interval: '300ms' } });
    const results = await run([bad, http(`http://127.0.0.1:${port}/good`)], { concurrency: 1 });
    expect(results.map(({ passed }) => passed)).toEqual([false, true]);
    expect(seen).toEqual(['/bad', '/good', '/bad']);
  });

  it('ends before the deadline, whatever is still under way, and says what was not done', async () => {
    const port = await site(() => {});
    const answering = await site((_, response) => response.writeHead(500).end());
    const started = performance.now();
    const results = await run(
      [
        http(`http://127.0.0.1:${port}/hangs`),
        http(`http://127.0.0.1:${port}/waits-for-its-turn`),
        http(`http://127.0.0.1:${answering}/`, { retry: { attempts: 100, interval: '300ms' } }),
      ],
      { deadline: 2_000, concurrency: 1 },
    );
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(results.map(({ passed, unfinished }) => [passed, unfinished])).toEqual([
      [false, true],
      [false, true],
      [false, true],
    ]);
    expect(results[0]?.problem).toMatch(/^expected an answer within \d+ ms, got none: still waiting for the answer/);
    expect(results[1]?.problem).toBe('expected an answer, got none: it was not tried before the time was up');
  });

  it('does not wait for a try for which there is no time', async () => {
    const port = await site((_, response) => response.writeHead(500).end());
    const started = performance.now();
    const check = http(`http://127.0.0.1:${port}/`, { retry: { attempts: 9, interval: '1m' } });
    const [result] = await run([check], { deadline: 10_000 });
    expect(result?.problem).toBe('expected status 2xx, got 500; there was no time for another try');
    expect(performance.now() - started).toBeLessThan(3_000);
  });

  it('stops at once when the run is cancelled', async () => {
    const port = await site(() => {});
    const controller = new AbortController();
    const running = run([http(`http://127.0.0.1:${port}/`)], { signal: controller.signal });
    setTimeout(() => controller.abort(new Error('cancelled')), 50);
    await expect(running).rejects.toThrow('cancelled');
  });

  it('refuses to run without checks', async () => {
    await expect(run([])).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('a run without checks proves nothing'),
    });
  });
});
