import { messageOf } from './errors.ts';

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was cut',
  EPIPE: 'the connection was cut',
  ENOTFOUND: 'the name is not known to DNS',
  EAI_AGAIN: 'DNS does not answer',
  ETIMEDOUT: 'no answer in time',
  EHOSTUNREACH: 'there is no route to it',
  ENETUNREACH: 'there is no route to it',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name its CA in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from a CA that is not known here; name it in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate chain is incomplete, or its CA is not known here (NODE_EXTRA_CA_CERTS)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate comes from a CA that is not known here; name it in NODE_EXTRA_CA_CERTS',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for other names',
};

/** Connection errors that prove that no request was received. */
const NEVER_LEFT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  ...Object.keys(WORDS).filter((code) => /CERT|SIGNATURE/.test(code)),
]);

/** A connection error in words; Node's own texts change between versions, its codes do not. */
export function connectionProblem(error: unknown): string {
  const code = codeOf(error);
  if (isTimeout(error)) return 'no answer in time';
  if (code && WORDS[code]) return `${WORDS[code]} (${code})`;
  return code ? `${messageOf(error)} (${code})` : messageOf(error);
}

export function neverLeft(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && NEVER_LEFT.has(code);
}

function isTimeout(error: unknown): boolean {
  return (
    error instanceof Error &&
    (error.name === 'TimeoutError' ||
      (error.name === 'AbortError' && (error.cause as Error | undefined)?.name === 'TimeoutError'))
  );
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (typeof code === 'string' && code !== 'ABORT_ERR') return code;
  const inner =
    (error as { errors?: unknown[] } | undefined)?.errors?.[0] ?? (error as { cause?: unknown } | undefined)?.cause;
  return inner ? codeOf(inner) : undefined;
}
