import { describe, expect, it } from 'vitest';
import { evaluateHttp, type HttpFinding, needsBody, redirectsToFollow } from './evaluate-http.ts';
import type { HttpCheck } from './schema.ts';

type Expect = NonNullable<HttpCheck['expect']>;

const check = (expected?: Expect): HttpCheck => ({
  kind: 'http',
  name: 'shop',
  url: 'https://www.example.com/',
  ...(expected && { expect: expected }),
});
const found = (finding: Partial<HttpFinding>): HttpFinding => ({
  url: 'https://www.example.com/',
  redirects: 0,
  status: 200,
  headers: {},
  body: '',
  truncated: false,
  duration: 12.3,
  ...finding,
});

const cases: [string, Expect | undefined, Partial<HttpFinding>, string[]][] = [
  ['passes any 2xx where nothing is said', undefined, { status: 204 }, []],
  ['fails another status', undefined, { status: 503 }, ['expected status 2xx, got 503']],
  ['passes the status asked for', { status: 404 }, { status: 404 }, []],
  ['passes one status of a list', { status: [200, '3xx'] }, { status: 307 }, []],
  ['fails what is not in the list', { status: [200, '3xx'] }, { status: 404 }, ['expected status 200 or 3xx, got 404']],
  [
    'says where an unwanted redirect leads to',
    { status: 200 },
    { status: 302, headers: { location: '/login' } },
    ['expected status 200, got 302 to "/login"'],
  ],
  [
    'fails when redirects end elsewhere',
    { redirects: { 'final-url': 'https://www.example.com/start' } },
    { url: 'https://www.example.com/login', redirects: 2 },
    ['expected to end at https://www.example.com/start, got to https://www.example.com/login after 2 redirects'],
  ],
  ['passes an equal header', { headers: { 'X-Version': 42 } }, { headers: { 'x-version': '42' } }, []],
  [
    'fails another header value',
    { headers: { 'x-version': '42' } },
    { headers: { 'x-version': '41' } },
    ['expected header x-version to be "42", got "41"'],
  ],
  ['fails a missing header', { headers: { 'x-version': '42' } }, {}, ['expected a header x-version, got none']],
  ['passes a header that must not be there', { headers: { 'x-debug': { exists: false } } }, {}, []],
  [
    'fails a header that must not be there',
    { headers: { 'x-debug': { exists: false } } },
    { headers: { 'x-debug': '1' } },
    ['expected no header x-debug, got "1"'],
  ],
  [
    'says all that is wrong with a header',
    { headers: { server: { contains: 'nginx', matches: '^v\\d' } } },
    { headers: { server: 'Apache' } },
    [
      'expected header server to contain "nginx", got "Apache"',
      'expected header server to match /^v\\d/, got "Apache"',
    ],
  ],
  ['passes an answer in time', { 'max-duration': '800ms' }, { duration: 800 }, []],
  [
    'fails a late answer',
    { 'max-duration': '800ms' },
    { duration: 812.6 },
    ['expected the whole answer within 800ms, got it after 813 ms'],
  ],
];

describe('evaluateHttp', () => {
  it.each(cases)('%s', (_, expected, finding, problems) => {
    expect(evaluateHttp(check(expected), found(finding))).toEqual(problems);
  });
});

describe('not-maintenance-page', () => {
  const expected: Expect = { 'not-maintenance-page': 'Back soon', status: ['2xx', 503] };

  it.each<[string, Partial<HttpFinding>, string[]]>([
    ['passes the site', { body: 'Shop', headers: { 'cf-cache-status': 'DYNAMIC', age: '0' } }, []],
    [
      'fails status 503 even where it is expected otherwise',
      { status: 503 },
      ['expected the site itself, got the maintenance page (status 503)'],
    ],
    [
      'fails every sign of the page',
      { status: 503, headers: { 'retry-after': '3600' }, body: 'Back soon!' },
      ['expected the site itself, got the maintenance page (status 503, Retry-After: "3600", its text "Back soon")'],
    ],
    [
      'fails the page even as a 200',
      { body: '<h1>Back soon</h1>' },
      ['expected the site itself, got the maintenance page (its text "Back soon")'],
    ],
    [
      'fails a copy from the edge, which proves nothing of the site',
      { headers: { 'cf-cache-status': 'hit', age: '120' } },
      ['expected an answer of the site itself, got a cached copy (CF-Cache-Status: hit)'],
    ],
    [
      'fails a copy from any other cache',
      { headers: { age: '120' } },
      ['expected an answer of the site itself, got a cached copy (Age: 120 s)'],
    ],
    [
      'fails a copy from a cache that says so in X-Cache',
      { headers: { 'x-cache': 'HIT from cache.example.com' } },
      ['expected an answer of the site itself, got a cached copy (X-Cache: "HIT from cache.example.com")'],
    ],
  ])('%s', (_, finding, problems) => {
    expect(evaluateHttp(check(expected), found(finding))).toEqual(problems);
  });
});

describe('maintenance-page', () => {
  const page = {
    status: 503,
    body: '<h1>Back soon</h1>',
    headers: { 'retry-after': '3600', 'cache-control': 'no-store' },
  };

  it.each<[string, Partial<HttpFinding>, string[]]>([
    ['passes a page that is well made', page, []],
    [
      'fails the site',
      { body: 'Shop', headers: { 'cache-control': 'no-store' } },
      [
        'expected status 503, got 200',
        'expected the maintenance page with "Back soon", got a body that begins "Shop"',
        'expected a maintenance page with Retry-After, got none',
      ],
    ],
    [
      'fails a page that caches may keep beyond the window',
      { ...page, headers: { 'retry-after': '3600', 'cache-control': 'public, max-age=3600' } },
      ['expected a maintenance page that no cache may keep (Cache-Control: no-store), got "public, max-age=3600"'],
    ],
    [
      'fails a page that says nothing about caches',
      { ...page, headers: { 'retry-after': '3600' } },
      ['expected a maintenance page that no cache may keep (Cache-Control: no-store), got no Cache-Control'],
    ],
    [
      'fails a page out of a cache',
      { ...page, headers: { 'retry-after': '3600', age: '5' } },
      ['expected a maintenance page that no cache keeps, got a cached copy (Age: 5 s)'],
    ],
  ])('%s', (_, finding, problems) => {
    expect(evaluateHttp(check({ 'maintenance-page': 'Back soon' }), found(finding))).toEqual(problems);
  });
});

describe('expectations about the body', () => {
  const document = '{"status":"ok","checks":[{"name":"database","lag":3.5}],"tags":["blue"],"odd key":null}';

  it.each<[string, Expect, Partial<HttpFinding>, string[]]>([
    ['passes texts that are there', { body: { contains: ['Shop', 'Cart'] } }, { body: 'Shop and Cart' }, []],
    [
      'names each text that is missing',
      { body: { contains: ['Shop', 'Cart'] } },
      { body: 'Cart  \n  only' },
      ['expected the body to contain "Shop", got a body that begins "Cart only"'],
    ],
    [
      'says that only the first MiB was looked at',
      { body: { contains: ['Shop'] } },
      { body: 'x', truncated: true },
      ['expected the body to contain "Shop" within its first MiB, got a body that begins "x"'],
    ],
    [
      'shows where an unwanted text stands',
      { body: { 'not-contains': ['error'] } },
      { body: 'an error here' },
      ['expected the body not to contain "error", got "an error here"'],
    ],
    ['matches at every line', { body: { matches: '^Ready$' } }, { body: 'Set\nReady\nGo' }, []],
    [
      'fails what does not match',
      { body: { matches: '^Ready$' } },
      {},
      ['expected the body to match /^Ready$/, got an empty body'],
    ],
    [
      'stops a pattern that backtracks without end',
      { body: { matches: '^(a+)+$' } },
      { body: `${'a'.repeat(40)}!` },
      ['expected the body to match /^(a+)+$/, got no result in time: simplify the pattern'],
    ],
    [
      'passes values of a document',
      {
        json: [
          { path: 'status', equals: 'ok' },
          { path: '$.checks[0].name', matches: '^data' },
          { path: 'checks[0].lag', 'greater-than': 3, 'less-than': 4 },
          { path: 'tags', contains: 'blue' },
          { path: '["odd key"]', equals: null, exists: true },
          { path: 'checks[1]', exists: false },
          { path: 'constructor', exists: false },
          { path: 'tags.length', exists: false },
        ],
      },
      { body: document },
      [],
    ],
    [
      'says what stands there instead',
      {
        json: [
          { path: 'status', equals: 'OK' },
          { path: 'checks[0]', equals: 1 },
          { path: 'checks[0].lag', 'greater-than': 3.5 },
          { path: 'status', 'less-than': 9 },
          { path: 'tags', contains: 'green' },
          { path: 'version', exists: true },
          { path: '["odd key"]', exists: false },
          { path: 'tags', matches: 'blue' },
        ],
      },
      { body: document },
      [
        'expected status to be "OK", got "ok"',
        'expected checks[0] to be 1, got an object with name, lag',
        'expected checks[0].lag to be a number greater than 3.5, got 3.5',
        'expected status to be a number less than 9, got "ok"',
        'expected tags to contain "green", got a list of 1 entry',
        'expected version, got no such value',
        'expected no ["odd key"], got null',
        'expected tags to be a text that matches /blue/, got a list of 1 entry',
      ],
    ],
    [
      'fails what is not JSON once, however much is asked of it',
      {
        json: [
          { path: 'a', exists: true },
          { path: 'b', exists: true },
        ],
      },
      { body: '<html>' },
      ['expected JSON, got a body that begins "<html>"'],
    ],
    [
      'fails JSON that was cut',
      { json: [{ path: 'a', exists: true }] },
      { body: '{"a":1', truncated: true },
      ['expected JSON, got more than 1 MiB'],
    ],
  ])('%s', (_, expected, finding, problems) => {
    expect(evaluateHttp(check(expected), found(finding))).toEqual(problems);
  });
});

describe('redirectsToFollow', () => {
  it.each<[Expect | undefined, number]>([
    [undefined, 10],
    [{ status: 200 }, 10],
    [{ status: 301 }, 0],
    [{ status: ['3xx'] }, 0],
    [{ redirects: { max: 3 } }, 3],
    [{ redirects: { max: 0 } }, 0],
    [{ status: 304 }, 10],
  ])('for %j is %d', (expected, count) => {
    expect(redirectsToFollow(check(expected))).toBe(count);
  });
});

describe('needsBody', () => {
  it.each<[Expect | undefined, boolean]>([
    [undefined, false],
    [{ status: 200 }, false],
    [{ body: { contains: ['x'] } }, true],
    [{ json: [{ path: 'a', exists: true }] }, true],
    [{ 'not-maintenance-page': 'x' }, true],
  ])('for %j is %s', (expected, needed) => {
    expect(needsBody(check(expected))).toBe(needed);
  });
});
