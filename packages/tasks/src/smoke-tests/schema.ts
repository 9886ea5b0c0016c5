import { z } from 'zod';

const HOST = /^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?\.?$|^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]+$/;
const ADDRESS = /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/;
const DURATION = /^(\d+ms|(?=\d)(\d+h)?(\d+m)?(\d+s)?)$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

const time = (describe: string) =>
  z.string().regex(DURATION, 'must be a duration such as 800ms, 10s or 2m').describe(describe);
const host = (describe: string) => z.string().regex(HOST, 'must be a host name or an IP address').describe(describe);
const port = (describe: string) => z.int().min(1).max(65_535).describe(describe);
const pattern = (describe: string) =>
  z
    .string()
    .min(1)
    .refine(isPattern, 'must be a regular expression')
    .describe(`${describe} A JavaScript regular expression; ^ and $ match at every line.`);
const variable = (describe: string) =>
  z.string().regex(VARIABLE, 'must be the name of an environment variable').describe(describe);
const texts = (describe: string) => z.array(z.string().min(1)).min(1).describe(describe);

const via = z
  .string()
  .regex(ADDRESS, 'must be an address or a host, with a port if it differs, such as 203.0.113.10 or [2001:db8::1]:8443')
  .describe(
    'Address or host to connect to instead of what DNS says. Host header and TLS name stay those of the check: so an origin is asked behind the maintenance page.',
  );

const common = {
  name: z.string().min(1).max(200).describe('Unique name; it stands in the log, the table and the test report.'),
  severity: z
    .enum(['gate', 'warn'])
    .optional()
    .describe('gate (default): a failure fails the task. warn: a failure is only reported.'),
  tags: z
    .array(z.string().regex(/^[a-z0-9][a-z0-9._-]*$/, 'must be a word of small letters, digits, dots and dashes'))
    .optional()
    .describe('Words by which the tags input chooses checks.'),
  timeout: time('How long one try may take, all redirects included. Default 10s.').optional(),
  retry: z
    .strictObject({
      attempts: z
        .int()
        .min(1)
        .max(1_000)
        .optional()
        .describe('How many tries may fail before the check has. Default 1.'),
      interval: time('Wait between two tries. Default 5s.').optional(),
    })
    .optional()
    .describe(
      'Tries again what did not answer, or answered otherwise than expected, until the deadline at the latest.',
    ),
  consecutive: z
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('Successes in a row that are asked for: pools and DNS rotate. Default 1.'),
};

const valueExpectation = z
  .strictObject({
    equals: z.union([z.string(), z.number()]).optional().describe('The whole value.'),
    contains: z.string().min(1).optional().describe('A part of the value.'),
    matches: pattern('What the value must match.').optional(),
    exists: z.boolean().optional().describe('Whether the header must be there.'),
  })
  .refine((value) => Object.keys(value).length > 0, 'must ask for something');

const jsonExpectation = z
  .strictObject({
    path: z
      .string()
      .regex(/^\$?(\.?[^.[\]]+|\[\d+\]|\["[^"]+"\])*$/, 'must be a path such as status, checks[0].state or ["odd key"]')
      .describe('Where in the document: status, checks[0].state, ["odd key"].value; an empty text is the whole of it.'),
    equals: z.union([z.string(), z.number(), z.boolean(), z.null()]).optional().describe('The exact value.'),
    contains: z.union([z.string(), z.number()]).optional().describe('Part of a text, or an entry of a list.'),
    matches: pattern('What a text must match.').optional(),
    exists: z.boolean().optional().describe('Whether the path must be there.'),
    'greater-than': z.number().optional().describe('The number must be greater than this.'),
    'less-than': z.number().optional().describe('The number must be less than this.'),
  })
  .refine((value) => Object.keys(value).length > 1, 'must ask for something: equals, contains, matches, exists …');

const status = z.union([
  z.int().min(100).max(599),
  z.string().regex(/^[1-5]xx$/, 'must be a status such as 200, or a class such as 2xx'),
]);

const httpCheck = z.strictObject({
  kind: z.literal('http').describe('Sends a request over HTTP or HTTPS; certificates are always verified.'),
  ...common,
  url: z
    .url({ protocol: /^https?$/, error: 'must be an http or https address' })
    .refine((url) => !/^\w+:\/\/[^/]*@/.test(url), 'must not carry a password; use auth')
    .describe('Address.'),
  via: via.optional(),
  method: z.enum(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']).optional().describe('Default GET.'),
  headers: z.record(z.string(), z.string()).optional().describe('Request headers. Put no secrets here; use auth.'),
  body: z.string().optional().describe('Request body.'),
  auth: z
    .union([
      z.strictObject({
        user: z.string().describe('User of basic authentication.'),
        'password-from': variable('Environment variable that holds the password.'),
      }),
      z.strictObject({ 'bearer-from': variable('Environment variable that holds the bearer token.') }),
      z.strictObject({
        header: z
          .string()
          .regex(/^[A-Za-z0-9-]+$/, 'must be a header name')
          .describe('Header that carries the secret.'),
        'value-from': variable('Environment variable that holds the value of the header.'),
      }),
    ])
    .optional()
    .describe('Credentials, by the names of environment variables. Never sent on to another origin.'),
  expect: z
    .strictObject({
      status: z
        .union([status, z.array(status).min(1)])
        .optional()
        .describe('A status, a class such as 2xx, or a list of them. Default 2xx.'),
      body: z
        .strictObject({
          contains: texts('Texts that must be in the body.').optional(),
          'not-contains': texts('Texts that must not be in the body.').optional(),
          matches: pattern('What the body must match.').optional(),
        })
        .optional()
        .describe('About the body’s first MiB.'),
      json: z.array(jsonExpectation).min(1).optional().describe('About a JSON body.'),
      headers: z
        .record(z.string(), z.union([z.string(), z.number(), valueExpectation]))
        .optional()
        .describe('Response headers; a plain value must be equal.'),
      redirects: z
        .strictObject({
          max: z.int().min(0).max(20).optional().describe('How many are followed. Default 10.'),
          'final-url': z.string().min(1).optional().describe('The address at which they must end.'),
        })
        .optional()
        .describe('Redirects are followed, unless the expected status is itself a redirect’s.'),
      'max-duration': time('The answer must be complete within this time.').optional(),
      'not-maintenance-page': z
        .string()
        .min(1)
        .optional()
        .describe(
          'A text only the maintenance page has. Proves that the site itself answered: this text is not there, nor a 503 or Retry-After, and the answer is no copy from a cache.',
        ),
      'maintenance-page': z
        .string()
        .min(1)
        .optional()
        .describe(
          'A text only the maintenance page has. Proves that the page stands and will not outlive the window: the text is there, status 503 with Retry-After, and no cache may keep it.',
        ),
    })
    .refine(
      (expect) => !(expect['maintenance-page'] && expect['not-maintenance-page']),
      'asks for the maintenance page and for its absence',
    )
    .refine(
      (expect) => !(expect['maintenance-page'] && expect.status),
      'must leave status out where it asks for the maintenance page',
    )
    .optional(),
});

const tlsCheck = z.strictObject({
  kind: z.literal('tls').describe('Looks at the certificate a server shows.'),
  ...common,
  host: host('Host to ask.'),
  port: port('Default 443.').optional(),
  via: via.optional(),
  'server-name': host('Name to ask for (SNI). Default is the host.').optional(),
  expect: z
    .strictObject({
      trusted: z
        .boolean()
        .optional()
        .describe('false: do not ask for a chain to a CA that this machine trusts. Default true.'),
      names: z
        .array(z.string().min(1))
        .min(1)
        .optional()
        .describe('Names the certificate must be good for. Default is the name asked for.'),
      'min-days-left': z.int().min(0).optional().describe('Days it must still be valid. Default 0: not expired.'),
      'issuer-contains': z.string().min(1).optional().describe('Part of the issuer’s name.'),
      'min-version': z
        .enum(['TLSv1.2', 'TLSv1.3'])
        .optional()
        .describe('The version that must be agreed upon at least.'),
      thumbprint: z
        .string()
        .regex(
          /^([0-9A-Fa-f]{2}:?){19}[0-9A-Fa-f]{2}(:?([0-9A-Fa-f]{2}:?){11}[0-9A-Fa-f]{2})?$/,
          'must be a SHA-1 or SHA-256 thumbprint in hexadecimal digits',
        )
        .optional()
        .describe('SHA-1 or SHA-256 thumbprint of exactly this certificate, with or without colons.'),
    })
    .optional(),
});

const dnsCheck = z.strictObject({
  kind: z.literal('dns').describe('Asks name servers for a record; directly, past any proxy.'),
  ...common,
  record: z.string().min(1).describe('Name of the record.'),
  type: z.enum(['A', 'AAAA', 'CAA', 'CNAME', 'MX', 'NS', 'PTR', 'SRV', 'TXT']).describe('Type of the record.'),
  servers: z
    .array(z.string().regex(ADDRESS, 'must be an address or a host, with a port if it is not 53'))
    .min(1)
    .optional()
    .describe('Name servers, each of which must answer as expected. Default: those of this machine.'),
  expect: z
    .union([
      z.strictObject({ answers: texts('Exactly these answers, in any order.') }),
      z.strictObject({ contains: texts('These answers, and perhaps others.') }),
      z.strictObject({ absent: z.literal(true).describe('No such record.') }),
    ])
    .optional()
    .describe('Default: any answer.'),
});

const tcpCheck = z.strictObject({
  kind: z.literal('tcp').describe('Connects to a port.'),
  ...common,
  host: host('Host to connect to.'),
  port: port('Port to connect to.'),
  via: via.optional(),
  expect: z
    .strictObject({ banner: pattern('What the server must say first, within its first 4 KiB.').optional() })
    .optional(),
});

/** A list of checks, as it is written in a window file or in the checks input. */
export const smokeChecks = z
  .array(z.discriminatedUnion('kind', [httpCheck, tlsCheck, dnsCheck, tcpCheck]))
  .min(1, 'must hold at least one check')
  .superRefine((checks, context) => {
    const seen = new Set<string>();
    checks.forEach(({ name }, index) => {
      if (seen.has(name))
        context.addIssue({ code: 'custom', path: [index, 'name'], message: `"${name}" is there twice` });
      seen.add(name);
    });
  })
  .describe('Smoke checks.');

export type SmokeCheck = z.infer<typeof smokeChecks>[number];
export type HttpCheck = Extract<SmokeCheck, { kind: 'http' }>;
export type TlsCheck = Extract<SmokeCheck, { kind: 'tls' }>;
export type DnsCheck = Extract<SmokeCheck, { kind: 'dns' }>;
export type TcpCheck = Extract<SmokeCheck, { kind: 'tcp' }>;

function isPattern(source: string): boolean {
  try {
    new RegExp(source, 'm');
    return true;
  } catch {
    return false;
  }
}
