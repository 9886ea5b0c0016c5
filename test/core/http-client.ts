// Started by http-proxy.test.ts, as one bundle, on each Node version that tasks run on.
import { TaskError } from '@maintenance-tasks/core';
import { createHttp, type HttpRequest } from '@maintenance-tasks/core/http';

void main();

async function main(): Promise<void> {
  const requests = JSON.parse(process.argv[2] ?? '[]') as Omit<HttpRequest, 'system'>[];
  const controller = new AbortController();
  const http = createHttp({
    // Waits pass at once.
    clock: { now: () => new Date(), sleep: () => Promise.resolve() },
    signal: controller.signal,
    deadline: new Date(Date.now() + 60_000),
    userAgent: 'maintenance-tasks/test',
    debug: () => {},
    info: () => {},
    environment: process.env,
  });

  const results: unknown[] = [];
  for (const request of requests) {
    try {
      const { status, text } = await http.send({ ...request, system: 'Example DNS' });
      results.push({ status, text });
    } catch (error) {
      if (!(error instanceof TaskError)) throw error;
      results.push({ error: error.message });
    }
  }
  http.close();
  console.log(JSON.stringify({ node: process.version, calls: http.calls, results }));
}
