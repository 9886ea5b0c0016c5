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
  EPROTO: 'what answers there does not speak TLS as it should',
  ERR_SSL_WRONG_VERSION_NUMBER: 'what answers there does not speak TLS; is it http instead of https?',
};

const CERTIFICATE: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed; name its CA in NODE_EXTRA_CA_CERTS',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from a CA that is not known here; name it in NODE_EXTRA_CA_CERTS',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    'its certificate chain is incomplete, or its CA is not known here (NODE_EXTRA_CA_CERTS)',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate chain is incomplete',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    'its certificate comes from a CA that is not known here; name it in NODE_EXTRA_CA_CERTS',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet; is the clock of the runner right?',
  CERT_REVOKED: 'its certificate was revoked',
  CERT_SIGNATURE_FAILURE: 'the signature of its certificate is wrong',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for other names',
};

/** Connection errors that prove that no request was received. */
const NEVER_LEFT = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH', 'EPROXY']);

/** The proxy on the way refused or could not be reached: the request itself was never sent. */
export class ProxyProblem extends Error {
  readonly code = 'EPROXY';
  /** Asking again would bring the same answer. */
  readonly lasting: boolean;

  constructor(message: string, cause?: unknown, lasting = false) {
    super(message, { cause });
    this.lasting = lasting;
  }
}

/** A connection error in words; Node's own texts change between versions, its codes do not. */
export function connectionProblem(error: unknown): string {
  if (error instanceof ProxyProblem) return error.message;
  if (error instanceof Error && error.name === 'TimeoutError') return 'no answer in time';
  const code = codeOf(error);
  const words = code && (WORDS[code] ?? CERTIFICATE[code]);
  if (words) return `${words} (${code})`;
  if (code?.startsWith('HPE_')) return `what answers there does not speak HTTP (${code})`;
  return code ? `${messageOf(error)} (${code})` : messageOf(error);
}

export function neverLeft(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && (NEVER_LEFT.has(code) || code in CERTIFICATE);
}

/** Whether trying again within minutes is pointless. */
export function isLasting(error: unknown): boolean {
  const code = codeOf(error) ?? '';
  return error instanceof ProxyProblem ? error.lasting : code in CERTIFICATE || code === 'ERR_SSL_WRONG_VERSION_NUMBER';
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  // Its code tells nothing of the one mistake behind it that people make.
  if (code === 'EPROTO' && /wrong version number/.test(messageOf(error))) return 'ERR_SSL_WRONG_VERSION_NUMBER';
  if (typeof code === 'string') return code;
  const inner =
    (error as { errors?: unknown[] } | undefined)?.errors?.[0] ?? (error as { cause?: unknown } | undefined)?.cause;
  return inner ? codeOf(inner) : undefined;
}
