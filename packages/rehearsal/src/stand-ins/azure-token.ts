import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** Signs what the rehearsal's Azure and its pipelines issue; nobody outside of this process can. */
const KEY = randomBytes(32);

export type Claims = Readonly<Record<string, string | number>>;

/** A JSON Web Token (RFC 7519) of the rehearsal. */
export function issueToken(claims: Claims, issuedAt: Date, seconds: number): string {
  const now = Math.floor(issuedAt.getTime() / 1_000);
  const head = encode({ typ: 'JWT', alg: 'HS256' });
  const body = encode({ ...claims, iat: now, nbf: now, exp: now + seconds });
  return `${head}.${body}.${signatureOf(`${head}.${body}`)}`;
}

/** Its claims, whether it is still valid or not; nothing when the rehearsal did not issue it. */
export function readToken(token: string): Claims | undefined {
  const [head, body, signature, more] = token.split('.');
  if (!head || !body || !signature || more !== undefined) return undefined;
  const expected = Buffer.from(signatureOf(`${head}.${body}`));
  const given = Buffer.from(signature);
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) return undefined;
  return JSON.parse(Buffer.from(body, 'base64url').toString()) as Claims;
}

export function isCurrent(claims: Claims, now: Date): boolean {
  const seconds = now.getTime() / 1_000;
  return Number(claims.nbf) <= seconds && seconds < Number(claims.exp);
}

/** Whoever an access token stands for. */
export interface Caller {
  readonly clientId: string;
  readonly tenantId: string;
}

/** The caller of an Azure service; nothing when the token is missing, over, or for another service or directory. */
export function callerOf(
  authorization: string | undefined,
  expected: { readonly audience: string; readonly tenantId?: string | undefined },
  now: Date,
): Caller | undefined {
  const claims = readToken(/^Bearer (.+)$/i.exec(authorization ?? '')?.[1] ?? '');
  if (!claims || !isCurrent(claims, now) || claims.aud !== expected.audience) return undefined;
  if (expected.tenantId && claims.tid !== expected.tenantId) return undefined;
  return { clientId: String(claims.appid), tenantId: String(claims.tid) };
}

function encode(part: object): string {
  return Buffer.from(JSON.stringify(part)).toString('base64url');
}

function signatureOf(text: string): string {
  return createHmac('sha256', KEY).update(text).digest('base64url');
}
