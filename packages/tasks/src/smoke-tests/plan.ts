import { parseDuration } from '@maintenance-tasks/core';
import { type Endpoint, formatEndpoint } from '@maintenance-tasks/core/socket';
import type { HttpCheck, SmokeCheck } from './schema.ts';

/** A check with all that was left out filled in. */
export interface PlannedCheck<Check extends SmokeCheck = SmokeCheck> {
  readonly check: Check;
  readonly gate: boolean;
  /** What is asked, for people: `GET https://www.example.com/ via 203.0.113.10`. */
  readonly target: string;
  /** Milliseconds for one try. */
  readonly timeout: number;
  readonly attempts: number;
  readonly interval: number;
  readonly consecutive: number;
  /** Where to connect for a host, by the check's own `via` first. */
  readonly via: Readonly<Record<string, string>>;
  /** Request headers that carry secrets. */
  readonly secretHeaders: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly checks: readonly PlannedCheck[];
  /** What keeps the checks from being run, one sentence each. */
  readonly problems: readonly string[];
  /** Values taken from the environment, and what is made of them. */
  readonly secrets: readonly string[];
}

export interface PlanOptions {
  readonly checks: readonly SmokeCheck[];
  /** Where to connect instead of asking DNS, by host. */
  readonly via: Readonly<Record<string, string>>;
  /** Only checks with one of these tags; all when empty. */
  readonly tags: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const DEFAULT_TIMEOUT = 10_000;
const DEFAULT_INTERVAL = 5_000;

/** Chooses the checks by tag and fills in what they leave out. */
export function planChecks({ checks, via, tags, environment }: PlanOptions): Plan {
  const chosen = tags.length === 0 ? checks : checks.filter((check) => check.tags?.some((tag) => tags.includes(tag)));
  const problems: string[] = [];
  const secrets: string[] = [];
  if (chosen.length === 0) {
    const known = [...new Set(checks.flatMap((check) => check.tags ?? []))];
    problems.push(
      checks.length === 0
        ? 'There is no check to run, and a run without checks proves nothing.'
        : `No check has the ${tags.length === 1 ? 'tag' : 'tags'} ${tags.join(', ')}; ${known.length === 0 ? 'none has any tag' : `the checks have ${known.join(', ')}`}.`,
    );
  }
  for (const [host, address] of Object.entries(via)) {
    if (parseEndpoint(address, 443) === undefined) problems.push(`via: "${address}" of ${host} is not an address.`);
  }
  const planned = chosen.map((check): PlannedCheck => {
    const credentials = credentialsOf(check, environment);
    if (credentials.problem) problems.push(credentials.problem);
    secrets.push(...credentials.secrets);
    const own = check.kind !== 'dns' && check.via ? { [hostOf(check)]: check.via } : {};
    return {
      check,
      gate: check.severity !== 'warn',
      target: targetOf(check, { ...via, ...own }),
      timeout: milliseconds(check.timeout) ?? DEFAULT_TIMEOUT,
      attempts: check.retry?.attempts ?? 1,
      interval: milliseconds(check.retry?.interval) ?? DEFAULT_INTERVAL,
      consecutive: check.consecutive ?? 1,
      via: { ...via, ...own },
      secretHeaders: credentials.headers,
    };
  });
  return { checks: planned, problems, secrets: [...new Set(secrets)] };
}

/** Milliseconds of `800ms` or of any other duration. */
export function milliseconds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return text.endsWith('ms') ? Number(text.slice(0, -2)) : parseDuration(text);
}

/** Where to connect to reach the host. */
export function endpointOf(host: string, port: number, via: Readonly<Record<string, string>>): Endpoint {
  const bare = host.replace(/^\[|\]$/g, '');
  const other = via[bare.toLowerCase()] ?? via[bare];
  return (other === undefined ? undefined : parseEndpoint(other, port)) ?? { host: bare, port };
}

/** `203.0.113.10`, `203.0.113.10:8443`, `origin.example.net`, `[2001:db8::1]:8443` or `2001:db8::1`. */
export function parseEndpoint(text: string, port: number): Endpoint | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]\s]+))(?::(\d{1,5}))?$/i.exec(text);
  if (!match) return /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text) ? { host: text, port } : undefined;
  const given = match[3] === undefined ? port : Number(match[3]);
  return given >= 1 && given <= 65_535 ? { host: (match[1] ?? match[2]) as string, port: given } : undefined;
}

function hostOf(check: Exclude<SmokeCheck, { kind: 'dns' }>): string {
  return check.kind === 'http' ? new URL(check.url).hostname.replace(/^\[|\]$/g, '') : check.host;
}

function targetOf(check: SmokeCheck, via: Readonly<Record<string, string>>): string {
  if (check.kind === 'dns') {
    return `${check.type} ${check.record}${check.servers ? ` at ${check.servers.join(', ')}` : ''}`;
  }
  const host = hostOf(check);
  const other = via[host.toLowerCase()] ?? via[host];
  const behind = other === undefined ? '' : ` via ${other}`;
  if (check.kind === 'http') return `${check.method ?? 'GET'} ${check.url}${behind}`;
  return `${formatEndpoint({ host, port: check.port ?? 443 })}${behind}`;
}

interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly secrets: readonly string[];
  readonly problem?: string;
}

function credentialsOf(check: SmokeCheck, environment: PlanOptions['environment']): Credentials {
  const auth: HttpCheck['auth'] = check.kind === 'http' ? check.auth : undefined;
  if (!auth) return { headers: {}, secrets: [] };
  const variable =
    'bearer-from' in auth ? auth['bearer-from'] : 'user' in auth ? auth['password-from'] : auth['value-from'];
  const value = environment[variable]?.trim();
  if (!value || /[\r\n]/.test(value)) {
    const problem = `"${check.name}" takes its secret from the environment variable ${variable}, which ${value ? 'holds several lines' : 'is not set'}.`;
    return { headers: {}, secrets: value ? [value] : [], problem };
  }
  if ('bearer-from' in auth) return { headers: { authorization: `Bearer ${value}` }, secrets: [value] };
  if ('user' in auth) {
    const encoded = Buffer.from(`${auth.user}:${value}`).toString('base64');
    return { headers: { authorization: `Basic ${encoded}` }, secrets: [value, encoded] };
  }
  return { headers: { [auth.header.toLowerCase()]: value }, secrets: [value] };
}
