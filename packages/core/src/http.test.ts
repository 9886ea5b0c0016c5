import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { Clock } from './clock.ts';
import { TaskError } from './errors.ts';
import { createHttp, type Http, type HttpRequest, retryAfter } from './http.ts';

type Reply = (response: ServerResponse, request: IncomingMessage) => void;

const START = new Date('2026-11-22T02:30:00Z');
const ended: (() => void)[] = [];

afterEach(() => {
  for (const end of ended.splice(0)) end();
});

/** A server that gives one reply after another, the last one for ever. */
async function serve(...replies: Reply[]) {
  const requests: { method: string; url: string; body: string; headers: IncomingMessage['headers'] }[] = [];
  let connections = 0;
  const server: Server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const reply = replies[Math.min(requests.length, replies.length - 1)] as Reply;
    requests.push({ method: request.method ?? '', url: request.url ?? '', body, headers: request.headers });
    reply(response, request);
  });
  server.on('connection', () => {
    connections += 1;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ended.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    server,
    get connections() {
      return connections;
    },
  };
}

/** An http client whose waits pass at once, each on record. */
function client({ minutes = 15, environment = {} as NodeJS.ProcessEnv } = {}) {
  const waits: number[] = [];
  const said: string[] = [];
  const controller = new AbortController();
  let now = START.getTime();
  const clock: Clock = {
    now: () => new Date(now),
    sleep: async (milliseconds, signal) => {
      signal.throwIfAborted();
      waits.push(milliseconds);
      now += milliseconds;
    },
  };
  const http: Http = createHttp({
    clock,
    signal: controller.signal,
    deadline: new Date(START.getTime() + minutes * 60_000),
    userAgent: 'maintenance-tasks/test (test)',
    debug: (line) => said.push(line),
    info: (line) => said.push(line),
    environment,
  });
  ended.push(() => http.close());
  return { http, waits, said, stop: (reason: unknown) => controller.abort(reason), clock };
}

const answer =
  (status: number, body: string | object = '', headers: Record<string, string> = {}): Reply =>
  (response) => {
    response.writeHead(status, headers);
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  };
const cut: Reply = (response) => void response.socket?.resetAndDestroy();
const hang: Reply = () => {};

const get = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'GET',
  url,
  system: 'Example DNS',
  ...more,
});
const post = (url: string, more: Partial<HttpRequest> = {}): HttpRequest => ({
  method: 'POST',
  url,
  json: { wanted: 1 },
  system: 'Example DNS',
  ...more,
});

async function failureOf(promise: Promise<unknown>): Promise<TaskError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(TaskError);
  return error as TaskError;
}

async function closedPort(): Promise<number> {
  const server = createTcpServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe('a request that may be repeated', () => {
  test.each([408, 420, 429, 500, 502, 503, 504])('is sent again after %i', async (status) => {
    const server = await serve(answer(status), answer(200, { ok: true }));
    const { http, waits } = client();
    expect((await http.send(get(server.url))).json()).toEqual({ ok: true });
    expect(server.requests).toHaveLength(2);
    expect(waits).toHaveLength(1);
  });

  test.each([400, 401, 403, 404, 409, 301, 501])('is not sent again after %i', async (status) => {
    const server = await serve(answer(status));
    const { http } = client();
    expect((await http.send(get(server.url))).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  test('is sent again when the connection is cut, before the answer or within it', async () => {
    const server = await serve(
      cut,
      (response) => {
        response.writeHead(200, { 'content-length': '100' });
        response.write('half');
        setTimeout(() => response.socket?.destroy(), 10);
      },
      answer(200, 'whole'),
    );
    const { http } = client();
    expect((await http.send(get(server.url))).text).toBe('whole');
    expect(http.calls).toBe(3);
  });

  test('is sent five times in all, with longer and longer waits, and the last answer is given back', async () => {
    const server = await serve(answer(503, 'down'));
    const { http, waits } = client();
    expect(await http.send(get(server.url))).toMatchObject({ status: 503, text: 'down' });
    expect(server.requests).toHaveLength(5);
    const most = [500, 1_000, 2_000, 4_000];
    expect(waits).toHaveLength(4);
    for (const [index, wait] of waits.entries()) {
      expect(wait).toBeLessThanOrEqual(most[index] as number);
      expect(wait).toBeGreaterThanOrEqual((most[index] as number) * 0.75);
    }
  });

  test('waits as long as Retry-After says, in seconds and as a date, and says why', async () => {
    const date = new Date(START.getTime() + 97_000).toUTCString();
    const server = await serve(
      answer(429, '', { 'retry-after': '7' }),
      answer(503, '', { 'retry-after': date }),
      answer(200),
    );
    const { http, waits, said } = client();
    await http.send(get(server.url));
    expect(waits).toEqual([7_000, 90_000]);
    expect(said).toContain('Example DNS answered 429, attempt 1 of 5; waiting 7 s, 15 min left to this task.');
  });

  test('is given up at once when Retry-After asks for more than the deadline leaves', async () => {
    const server = await serve(answer(429, '', { 'retry-after': '3600' }));
    const { http, waits } = client({ minutes: 15 });
    const error = await failureOf(http.send(get(server.url)));
    expect(error.kind).toBe('timeout');
    expect(error.message).toContain(
      'Example DNS answered 429, attempt 1 of 5, which means waiting 1 h, and only 15 min are left to this task.',
    );
    expect(waits).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test('gets a fresh attempt when one hangs, in the headers or in the middle of the body', async () => {
    const server = await serve(
      hang,
      (response) => {
        response.writeHead(200);
        response.write('begin');
      },
      answer(200, 'whole'),
    );
    const { http, said } = client();
    expect((await http.send(get(server.url, { timeout: 200 }))).text).toBe('whole');
    expect(said.filter((line) => line.includes('no answer in time'))).not.toHaveLength(0);
  });

  test('names system, address and cause when nothing listens', async () => {
    const port = await closedPort();
    const { http } = client();
    const error = await failureOf(http.send(get(`http://127.0.0.1:${port}/zones?name=example.com`)));
    expect(error.kind).toBe('remote');
    expect(error.message).toContain(
      `Example DNS could not be reached: GET 127.0.0.1:${port}/zones?name=example.com: nothing listens there (ECONNREFUSED).`,
    );
    expect(http.calls).toBe(5);
  });

  test('says that what answers is not HTTP', async () => {
    const server = createTcpServer((socket) => socket.end('220 mail.example.com ESMTP\r\n'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ended.push(() => server.close());
    const { http } = client();
    const error = await failureOf(http.send(get(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)));
    expect(error.message).toContain('what answers there does not speak HTTP');
  });

  test('may be a POST that was declared repeatable', async () => {
    const server = await serve(answer(500), cut, answer(200, 'found'));
    const { http } = client();
    expect((await http.send(post(server.url, { repeatable: true }))).text).toBe('found');
  });
});

describe('a request that may not be repeated', () => {
  test('is sent again after 429, as that refuses it before anything is done', async () => {
    const server = await serve(answer(429, '', { 'retry-after': '1' }), answer(200));
    const { http, waits } = client();
    expect((await http.send(post(server.url))).status).toBe(200);
    expect(waits).toEqual([1_000]);
    expect(server.requests.map(({ body }) => body)).toEqual(['{"wanted":1}', '{"wanted":1}']);
  });

  test('is sent again when no connection came about', async () => {
    const port = await closedPort();
    const { http } = client();
    const error = await failureOf(http.send(post(`http://127.0.0.1:${port}/`)));
    expect(http.calls).toBe(5);
    expect(error.text.unsure).toBeUndefined();
  });

  test.each([408, 500, 503])('is not sent again after %i', async (status) => {
    const server = await serve(answer(status), answer(200));
    const { http } = client();
    expect((await http.send(post(server.url))).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  test('is not sent again when its answer is lost, and the error says that it may have been carried out', async () => {
    const server = await serve(cut, answer(200));
    const { http } = client();
    const error = await failureOf(http.send(post(`${server.url}/events`)));
    expect(error.message).toMatch(
      /could not be reached: POST .* the connection was cut \(ECONNRESET\)\. It is not known whether Example DNS carried out the last request \(POST 127\.0\.0\.1:\d+\/events\)\./,
    );
    expect(server.requests).toHaveLength(1);
  });
});

describe('write', () => {
  const read = ({ status, text }: { status: number; text: string }) => {
    if (status >= 400) throw new TaskError('remote', { what: `Refused with ${status}.`, remedy: 'Look.' });
    return `read ${text}`;
  };

  test('gives what was read when the answer comes', async () => {
    const server = await serve(answer(200, 'made'));
    const { http } = client();
    expect(await http.write(post(server.url), read, () => expect.unreachable())).toBe('read made');
  });

  test('does not send again what it finds carried out after a lost answer', async () => {
    const server = await serve(cut);
    const { http } = client();
    expect(await http.write(post(server.url), read, async () => 'found')).toBe('found');
    expect(server.requests).toHaveLength(1);
  });

  test('sends again what it does not find after a lost answer or a 5xx', async () => {
    const server = await serve(cut, answer(502), answer(200, 'made'));
    const { http } = client();
    let looked = 0;
    const landed = async () => {
      looked += 1;
      return undefined;
    };
    expect(await http.write(post(server.url), read, landed)).toBe('read made');
    expect([looked, server.requests.length]).toEqual([2, 3]);
  });

  test('does not look after 429 or when no connection came about: nothing can have been done', async () => {
    const server = await serve(answer(429, '', { 'retry-after': '0' }), answer(200, 'made'));
    const { http } = client();
    expect(await http.write(post(server.url), read, () => expect.unreachable())).toBe('read made');
    const port = await closedPort();
    const error = await failureOf(http.write(post(`http://127.0.0.1:${port}/`), read, () => expect.unreachable()));
    expect(error.message).toContain('nothing listens there');
  });

  test('looks after the last attempt as well', async () => {
    const server = await serve(cut);
    const { http } = client();
    let looked = 0;
    const landed = async () => (++looked === 5 ? 'found late' : undefined);
    expect(await http.write(post(server.url), read, landed)).toBe('found late');
    expect(server.requests).toHaveLength(5);
  });

  test('looks once more when a later attempt is refused because the first one landed after all', async () => {
    const server = await serve(answer(504), answer(409, 'exists'));
    const { http } = client();
    let looked = 0;
    const landed = async () => (++looked === 2 ? 'the first one' : undefined);
    expect(await http.write(post(server.url), read, landed)).toBe('the first one');
  });

  test('gives the last refusal to be read when it never landed', async () => {
    const server = await serve(answer(500));
    const { http } = client();
    const error = await failureOf(http.write(post(server.url), read, async () => undefined));
    expect(error.message).toContain('Refused with 500.');
    expect(server.requests).toHaveLength(5);
  });

  test('says that the outcome is unknown when looking fails', async () => {
    const server = await serve(cut);
    const { http } = client();
    const landed = async () => {
      throw new TaskError('remote', { what: 'Reading failed.', remedy: 'Try again.' });
    };
    const error = await failureOf(http.write(post(`${server.url}/batch`), read, landed));
    expect(error.message).toMatch(/^Reading failed\. It is not known whether Example DNS carried out the last request/);
  });

  test('looks when an attempt hangs', async () => {
    const server = await serve(hang);
    const { http } = client();
    expect(await http.write(post(server.url, { timeout: 200 }), read, async () => 'found')).toBe('found');
  });
});

describe('the end of the task', () => {
  test('cuts a request short and gives the reason', async () => {
    const server = await serve(hang);
    const { http, stop } = client();
    const reason = new TaskError('timeout', { what: 'The deadline was reached.', remedy: 'Take longer.' });
    const sent = http.send(get(server.url));
    await expect.poll(() => server.requests.length).toBe(1);
    stop(reason);
    await expect(sent).rejects.toBe(reason);
  });

  test('does not hide that a write may have been carried out', async () => {
    const server = await serve(hang);
    const { http, stop } = client();
    const sent = http.write(
      post(server.url),
      () => 1,
      async () => undefined,
    );
    const failed = failureOf(sent);
    await expect.poll(() => server.requests.length).toBe(1);
    stop(new TaskError('cancelled', { what: 'The run was cancelled (SIGTERM).', remedy: 'Run sweep.' }));
    const error = await failed;
    expect(error.kind).toBe('cancelled');
    expect(error.text.unsure).toMatch(/not known whether Example DNS carried out/);
  });

  test('lets no further request out', async () => {
    const server = await serve(answer(200));
    const { http, stop } = client();
    stop(new TaskError('cancelled', { what: 'Cancelled.', remedy: 'Again.' }));
    await expect(http.send(get(server.url))).rejects.toThrow('Cancelled.');
    expect(server.requests).toHaveLength(0);
    expect(http.calls).toBe(0);
  });

  test('leaves no timer and no listener behind', async () => {
    const server = await serve(answer(200));
    const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
    const { http } = client();
    for (let index = 0; index < 5; index++) await http.send(get(server.url));
    http.close();
    await expect
      .poll(() => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length)
      .toBeLessThanOrEqual(before + 1);
  });
});

describe('the quota of a system', () => {
  const quota = (headers: Readonly<Record<string, string>>) =>
    headers['x-left'] === undefined ? undefined : { remaining: Number(headers['x-left']), resetsInSeconds: 30 };

  test('is waited for once it is used up, by all that run in parallel', async () => {
    const server = await serve(answer(200, '', { 'x-left': '1' }), answer(200, '', { 'x-left': '0' }), answer(200));
    const { http, waits } = client();
    http.respectQuota('Example DNS', quota);
    await http.send(get(server.url));
    expect(waits).toEqual([]);
    await http.send(get(server.url));
    await Promise.all([http.send(get(server.url)), http.send(get(server.url))]);
    expect(waits.length).toBeGreaterThanOrEqual(1);
    expect(waits[0]).toBe(30_000);
  });

  test('holds nobody up who talks to another system', async () => {
    const server = await serve(answer(200, '', { 'x-left': '0' }));
    const { http, waits } = client();
    http.respectQuota('Example DNS', quota);
    await http.send(get(server.url));
    await http.send(get(server.url, { system: 'Example Monitor' }));
    expect(waits).toEqual([]);
  });

  test('ends the task when it returns after the deadline', async () => {
    const server = await serve(answer(200, '', { 'x-left': '0' }));
    const { http } = client({ minutes: 0.25 });
    http.respectQuota('Example DNS', quota);
    await http.send(get(server.url));
    const error = await failureOf(http.send(get(server.url)));
    expect(error.message).toContain(
      'Example DNS said that its quota is used up, which means waiting 30 s, and only 15 s are left to this task.',
    );
  });
});

describe('what is sent', () => {
  test('carries JSON with its type and length, the user agent, and the headers given', async () => {
    const server = await serve(answer(200));
    const { http } = client();
    await http.send(post(server.url, { json: { name: 'Zürich' }, headers: { authorization: 'Bearer example' } }));
    expect(server.requests[0]).toMatchObject({
      body: '{"name":"Zürich"}',
      headers: {
        'content-type': 'application/json',
        'content-length': '18',
        'user-agent': 'maintenance-tasks/test (test)',
        authorization: 'Bearer example',
      },
    });
  });

  test('uses few connections for many calls', async () => {
    const server = await serve(answer(200));
    const { http } = client();
    for (let index = 0; index < 20; index++) await http.send(get(server.url));
    expect(server.connections).toBe(1);
    await Promise.all(Array.from({ length: 200 }, () => http.send(get(server.url))));
    expect(server.connections).toBeLessThanOrEqual(32);
  });

  test('survives a kept connection that the server closed meanwhile', async () => {
    const sockets: Socket[] = [];
    const server = await serve(answer(200, 'one'), answer(200, 'two'));
    server.server.on('connection', (socket: Socket) => void sockets.push(socket));
    const { http } = client();
    await http.send(get(server.url));
    // Cut as the next request arrives on it, which is the race a busy server brings.
    sockets[0]?.removeAllListeners('data');
    sockets[0]?.on('data', () => sockets[0]?.resetAndDestroy());
    expect((await http.send(get(server.url))).text).toBe('two');
  });

  test('a secret that HTTP cannot carry is an input error and is not repeated', async () => {
    const server = await serve(answer(200));
    const { http } = client();
    const error = await failureOf(
      http.send(get(server.url, { headers: { authorization: 'Bearer secret-one\nsecret-two' } })),
    );
    expect(error.kind).toBe('input');
    expect(error.message).toContain('authorization');
    expect(error.message).not.toContain('secret-one');
  });
});

describe('an answer', () => {
  test('that is not JSON is a clear error without its text', async () => {
    const server = await serve(answer(200, '<html>Sign in</html>'));
    const { http } = client();
    const received = await http.send(get(`${server.url}/zones`));
    expect(() => received.json()).toThrow(
      /^Example DNS answered 200 to GET 127.*\/zones with something that is not JSON/,
    );
    expect(() => received.json()).not.toThrow(/Sign in/);
  });

  test('of more than 64 MiB is an error at once', async () => {
    const block = Buffer.alloc(1024 * 1024);
    const server = await serve((response) => {
      response.writeHead(200);
      const more = () => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', more);
      more();
    });
    const { http } = client();
    const error = await failureOf(http.send(get(server.url)));
    expect(error.message).toContain('more than 64 MiB');
    expect(http.calls).toBe(1);
  });

  test('has its headers in lower case, several of a name in one', async () => {
    const server = await serve((response) => {
      response.writeHead(200, [
        ['X-Part', 'one'],
        ['X-Part', 'two'],
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
      ] as never);
      response.end();
    });
    const { http } = client();
    expect((await http.send(get(server.url))).headers).toMatchObject({
      'x-part': 'one, two',
      'set-cookie': 'a=1, b=2',
    });
  });

  test('is named by other words where the address is a secret', async () => {
    const server = await serve(answer(200, 'no JSON'));
    const { http, said } = client();
    const received = await http.send(get(`${server.url}/hook/s3cret`, { shownAs: 'the webhook' }));
    expect(() => received.json()).toThrow(/GET the webhook/);
    expect(said.join('\n')).not.toContain('s3cret');
  });
});

test.each([
  ['5', 5_000],
  [' 0 ', 0],
  ['1.5', 1_500],
  ['Sun, 22 Nov 2026 02:31:00 GMT', 60_000],
  ['Sun, 22 Nov 2026 02:29:00 GMT', 0],
  ['Sunday, 22-Nov-26 02:31:00 GMT', 60_000],
  ['-5', undefined],
  ['soon', undefined],
  ['', undefined],
  [undefined, undefined],
])('Retry-After %j means %j ms', (header, expected) => {
  expect(retryAfter(header, START)).toBe(expected);
});
