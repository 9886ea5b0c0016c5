import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  type Authority,
  type AuthorityOptions,
  type CertificateOptions,
  CLIENT_AUTH,
  createAuthority,
  keyPair,
  pem,
} from '@maintenance-tasks/rehearsal/certificates';
import { covers, examine, type Wishes } from '@maintenance-tasks/tasks/cert-upload/checks';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';

const NOW = new Date('2026-11-22T00:30:00Z');
const root = createAuthority('Example Root');
const issuing = root.intermediate('Example Issuing CA');
const read = (pem: string) =>
  (pem.match(/-----BEGIN CERTIFICATE[\s\S]*?-----END CERTIFICATE-----/g) ?? []).map(
    (each) => new X509Certificate(each),
  );

function look(given: {
  pem: string;
  keys: readonly string[];
  roots?: readonly Authority[];
  wishes?: Partial<Wishes>;
  now?: Date;
}) {
  const material = {
    certificates: read(given.pem),
    keys: given.keys.map((key) => createPrivateKey(key)),
    roots: undefined,
  };
  const roots = (given.roots ?? [root]).map(({ certificate }) => new X509Certificate(certificate));
  return examine(material, roots, { names: [], daysLeft: 30, ...given.wishes }, given.now ?? NOW);
}

function problemsOf(options: Partial<CertificateOptions> = {}, wishes: Partial<Wishes> = {}, by: Authority = issuing) {
  const { certificate, chain, key } = by.issue({ names: ['www.example.com'], ...options });
  return look({ pem: certificate + chain, keys: [key], wishes }).problems;
}

/** An intermediate with other properties. */
const below = (options: AuthorityOptions) => root.intermediate('Example Issuing CA', options);

describe('a certificate', () => {
  it.each<[string, string[]]>([
    ['rsa-2048', []],
    ['rsa-3072', []],
    ['ec-p256', []],
    ['ec-p384', []],
    ['ec-p521', []],
    ['rsa-1024', ['The RSA key has 1024 bits; the vault takes 2048, 3072, 4096.']],
    ['ed25519', ['The key is of the kind ed25519; the vault takes RSA and EC keys.']],
  ])('with a key of the kind %s', (key, problems) => {
    expect(problemsOf({ key: key as never })).toEqual(problems);
  });

  const at = (date: string) => new Date(`${date}T00:30:00Z`);
  it.each<[string, Partial<CertificateOptions>, Partial<Wishes>, RegExp | undefined]>([
    ['that is valid for exactly the days asked', { notAfter: at('2026-12-22') }, {}, undefined],
    [
      'that is valid for a day less',
      { notAfter: at('2026-12-21') },
      {},
      /only valid for 29 more days, and days-left asks for 30/,
    ],
    ['that ends tomorrow', { notAfter: at('2026-11-23') }, {}, /only valid for 1 more day,/],
    ['that has ended', { notAfter: at('2026-11-21') }, { daysLeft: 0 }, /has expired on 2026-11-21/],
    ['that begins tomorrow', { notBefore: at('2026-11-23') }, {}, /is not valid before Nov 23/],
    ['for clients only', { usages: [CLIENT_AUTH] }, {}, /not meant for servers/],
    ['without any extended usage', { usages: [] }, {}, undefined],
    ['for any usage', { usages: ['2.5.29.37.0'] }, {}, undefined],
    ['signed with SHA-1', { hash: 'sha1' }, {}, /signed with a hash that can be forged/],
    [
      'that covers the names',
      { names: ['*.example.com', 'example.com'] },
      { names: ['my.example.com', 'example.com'] },
      undefined,
    ],
    [
      'that does not cover the apex',
      { names: ['*.example.com'] },
      { names: ['example.com'] },
      /does not cover example\.com; it covers \*\.example\.com/,
    ],
    ['without DNS names', { names: [] }, { names: ['example.com'] }, /covers no DNS name at all/],
  ])('%s', (_, options, wishes, problem) => {
    expect(problemsOf(options, wishes)).toEqual(problem ? [expect.stringMatching(problem)] : []);
  });

  test('of a CA is refused', () => {
    const keys = keyPair('ec-p256');
    const ca = root.intermediate('Example CA', { keys });
    const key = keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    expect(look({ pem: ca.certificate, keys: [key] }).problems).toContain(
      'Example CA is the certificate of a CA, not of a server.',
    );
  });

  test('is found among several by its key', () => {
    const [mine, other] = [
      issuing.issue({ names: ['www.example.com'] }),
      issuing.issue({ names: ['other.example.com'] }),
    ];
    const { certificate, problems, unused } = look({
      pem: other.certificate + issuing.chain + mine.certificate,
      keys: [mine.key],
    });
    expect(problems).toEqual([]);
    expect(certificate?.leaf.subject).toBe('CN=www.example.com');
    expect(unused.map(({ subject }) => subject)).toEqual(['CN=other.example.com']);
  });

  test('is refused when several belong to the key', () => {
    const keys = keyPair('ec-p256');
    const ends = ['2026-12-31T00:00:00Z', '2027-12-31T00:00:00Z'].map((end) =>
      issuing.issue({ names: ['www.example.com'], keys, notAfter: new Date(end) }),
    );
    const { problems } = look({
      pem: ends.map(({ certificate }) => certificate).join('') + issuing.chain,
      keys: [ends[0]?.key as string],
    });
    expect(problems).toEqual([
      expect.stringMatching(
        /^Several certificates belong to the private keys \(www\.example\.com until 2026-12-31, .* until 2027-12-31/,
      ),
    ]);
  });

  test('is refused with the key of another, without any, or when it is missing itself', () => {
    const [mine, other] = [
      issuing.issue({ names: ['www.example.com'] }),
      issuing.issue({ names: ['www.example.com'] }),
    ];
    expect(look({ pem: mine.certificate, keys: [other.key] }).problems).toEqual([
      expect.stringMatching(/does not belong to the certificate of www\.example\.com/),
    ]);
    expect(look({ pem: mine.certificate, keys: [] }).problems).toEqual([expect.stringMatching(/^No private key/)]);
    expect(look({ pem: '', keys: [mine.key] }).problems).toEqual([expect.stringMatching(/^No certificate/)]);
  });

  test('has all its problems told at once', () => {
    expect(
      problemsOf({ key: 'rsa-1024', usages: [CLIENT_AUTH], notAfter: at('2026-11-25') }, { names: ['my.example.com'] }),
    ).toHaveLength(4);
  });
});

describe('the chain', () => {
  const deep = issuing.intermediate('Example CA below');
  const leaf = deep.issue({ names: ['www.example.com'] });

  test('is put in order and goes without the root, whatever the order given', () => {
    const parts = [root.certificate, ...read(deep.chain).map(String), leaf.certificate];
    fc.assert(
      fc.property(fc.shuffledSubarray(parts, { minLength: parts.length }), (shuffled) => {
        const { certificate, problems } = look({ pem: shuffled.join('\n'), keys: [leaf.key] });
        expect(problems).toEqual([]);
        expect(certificate?.chain.map(({ subject }) => subject)).toEqual([
          'CN=Example CA below',
          'CN=Example Issuing CA',
        ]);
      }),
      { numRuns: 10 },
    );
  });

  test('may be empty only directly below a root', () => {
    expect(problemsOf({}, {}, root)).toEqual([]);
    expect(look({ pem: leaf.certificate, keys: [leaf.key] }).problems).toEqual([
      expect.stringMatching(
        /^The chain is empty: the certificate of Example CA below, which issued www\.example\.com, is missing/,
      ),
    ]);
  });

  test('is told where it breaks off', () => {
    expect(look({ pem: leaf.certificate + deep.certificate, keys: [leaf.key] }).problems).toEqual([
      expect.stringMatching(
        /^The chain is incomplete: the certificate of Example Issuing CA, which issued Example CA below, is missing/,
      ),
    ]);
  });

  test('must end at a trusted root', () => {
    const { problems } = look({
      pem: leaf.certificate + deep.chain + root.certificate,
      keys: [leaf.key],
      roots: [createAuthority('Other Root')],
    });
    expect(problems).toEqual([expect.stringMatching(/^The chain ends at Example Root, which is not a public CA/)]);
  });

  test('is not built by names alone', () => {
    const impostor = createAuthority('Example Root').intermediate('Example Issuing CA');
    const { certificate, chain, key } = impostor.issue({ names: ['www.example.com'] });
    expect(look({ pem: certificate + chain, keys: [key] }).problems).toEqual([expect.stringMatching(/is missing/)]);
    expect(look({ pem: certificate + issuing.chain, keys: [key] }).problems).toEqual([
      expect.stringMatching(/^The chain is empty/),
    ]);
  });

  test('is not built on a signature that does not fit', () => {
    const bytes = read(leaf.certificate)[0]?.raw as Buffer;
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    const changed = pem('CERTIFICATE', bytes);
    expect(look({ pem: changed + deep.chain, keys: [leaf.key] }).problems).toEqual([
      expect.stringMatching(/^The chain is empty/),
    ]);
  });

  test('is not built on the certificate of a server that acts as a CA', () => {
    expect(problemsOf({}, {}, below({ ca: false }))).toEqual([expect.stringMatching(/^The chain is empty/)]);
  });

  test('takes the way that is valid when a CA has two certificates', () => {
    const keys = keyPair('ec-p256');
    const expired = below({ keys, notAfter: new Date('2026-01-01T00:00:00Z') });
    const current = below({ keys });
    const end = current.issue({ names: ['www.example.com'] });
    const { certificate, problems } = look({
      pem: end.certificate + expired.certificate + current.certificate,
      keys: [end.key],
    });
    expect(problems).toEqual([]);
    expect(certificate?.chain[0]?.fingerprint).toBe(new X509Certificate(current.certificate).fingerprint);
    expect(look({ pem: end.certificate + expired.certificate, keys: [end.key] }).problems).toEqual([
      expect.stringMatching(/Example Issuing CA in the chain has expired on 2026-01-01/),
    ]);
  });

  test('must be signed well', () => {
    expect(problemsOf({}, {}, below({ hash: 'sha1' }))).toEqual([
      expect.stringMatching(/^Example Issuing CA is signed with a hash/),
    ]);
  });

  test('of a certificate that signed itself is refused', () => {
    const { certificate, key } = selfSigned();
    expect(look({ pem: certificate, keys: [key] }).problems).toContain(
      'www.example.com is self-signed: no client trusts it.',
    );
  });
});

function selfSigned() {
  const keys = keyPair('ec-p256');
  const { certificate } = createAuthority('www.example.com', { keys });
  return { certificate, key: keys.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string };
}

describe('a name', () => {
  it.each([
    ['www.example.com', 'www.example.com', true],
    ['WWW.Example.com', 'www.example.COM', true],
    ['*.example.com', 'www.example.com', true],
    ['*.example.com', 'example.com', false],
    ['*.example.com', 'a.b.example.com', false],
    ['*.example.com', '*.example.com', true],
    ['*.example.com', '*.sub.example.com', false],
    ['www.example.com', '*.example.com', false],
    ['*.com', 'example.com', true],
    ['xn--mnchen-3ya.example', 'münchen.example', true],
    ['example.com', 'notexample.com', false],
    ['*.example.com', 'www.notexample.com', false],
  ])('%s covers %s: %s', (pattern, wanted, expected) => {
    expect(covers(pattern, wanted)).toBe(expected);
  });
});
