import { readFile } from 'node:fs/promises';
import { inputError } from './refusal.ts';

/** A certificate as it was handed over: text or files, not looked into yet. */
export interface GivenCertificate {
  /** PEM, or PFX (bytes, or base64 where it came as text). */
  readonly certificate: Buffer;
  readonly key?: Buffer | undefined;
  readonly password?: string | undefined;
  readonly chain?: Buffer | undefined;
  /** Root certificates of an own CA; the public ones are trusted without them. */
  readonly roots?: Buffer | undefined;
}

interface CertificateInputs {
  readonly 'certificate-file'?: Buffer | undefined;
  readonly certificate?: string | undefined;
  readonly 'key-file'?: Buffer | undefined;
  readonly key?: string | undefined;
  readonly password?: string | undefined;
  readonly 'chain-file'?: string | undefined;
  readonly trust: 'public' | 'file';
  readonly 'trusted-roots'?: string | undefined;
}

/** @throws TaskError `input` with everything that does not fit together */
export async function givenCertificate(inputs: CertificateInputs): Promise<GivenCertificate> {
  const problems: string[] = [];
  const certificate = either(inputs, 'certificate-file', 'certificate', problems);
  const key = either(inputs, 'key-file', 'key', problems);
  if (!certificate && !inputs.certificate && !inputs['certificate-file'])
    problems.push('certificate-file or certificate is required.');
  if (inputs.trust === 'file' && !inputs['trusted-roots']) problems.push('trusted-roots is required for trust: file.');
  if (inputs.trust === 'public' && inputs['trusted-roots'])
    problems.push('trusted-roots is only used with trust: file; leave it out, or set trust to file.');
  if (problems.length > 0) throw inputError(problems.join('\n'));
  return {
    certificate: certificate as Buffer,
    key,
    password: inputs.password,
    chain: inputs['chain-file'] === undefined ? undefined : await readFile(inputs['chain-file']),
    roots: inputs['trusted-roots'] === undefined ? undefined : await readFile(inputs['trusted-roots']),
  };
}

function either(
  inputs: CertificateInputs,
  file: 'certificate-file' | 'key-file',
  text: 'certificate' | 'key',
  problems: string[],
): Buffer | undefined {
  const fromFile = inputs[file];
  const fromText = inputs[text];
  if (fromFile && fromText !== undefined) problems.push(`${file} and ${text} are both given; leave one out.`);
  return fromFile ?? (fromText === undefined ? undefined : Buffer.from(fromText));
}
