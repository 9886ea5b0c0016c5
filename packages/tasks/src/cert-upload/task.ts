import {
  choice,
  defineTask,
  filePath,
  integer,
  list,
  secret,
  secretFile,
  sessionInputs,
  text,
} from '@maintenance-tasks/core';
import { azureAccessOf } from '../azure-access.ts';
import { azureAccess } from '../credentials.ts';

export default defineTask({
  name: 'cert-upload',
  azure: { id: '7c984706-7b33-4db4-b218-f3fa21a8edaa', category: 'Deploy' },
  summary: 'Checks a certificate with its key and chain, and stores it in Azure Key Vault under one or more names.',
  needs: {
    'Azure Key Vault': [
      'Microsoft.KeyVault/vaults/certificates/read',
      'Microsoft.KeyVault/vaults/certificates/import/action',
    ],
  },
  mutates: true,
  inputs: {
    'certificate-file': secretFile({
      describe: 'The certificate: PEM (with or without key and chain) or PFX. Either this or certificate is needed.',
      example: 'star.example.com.pem',
    }),
    certificate: secret({
      environment: 'CERTIFICATE',
      describe: 'Instead of certificate-file: the PEM text, or the PFX in base64.',
    }),
    'key-file': secretFile({ describe: 'The private key (PEM), where it is not in the same file as the certificate.' }),
    key: secret({ environment: 'CERTIFICATE_KEY', describe: 'Instead of key-file: the private key’s PEM text.' }),
    password: secret({
      environment: 'CERTIFICATE_PASSWORD',
      describe: 'Password of the PFX, or of the key where it is encrypted.',
    }),
    'chain-file': filePath({ describe: 'Intermediate CA certificates (PEM), where they are not in the same file.' }),
    vault: text({
      required: true,
      describe: 'Name of the key vault, or its address (needed outside of the public Azure cloud).',
      example: 'example-vault',
      pattern: /^([A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]|https:\/\/[A-Za-z0-9.-]+\/?)$/,
      patternMeans: 'the name of a key vault, nor an address such as https://example-vault.vault.azure.net',
    }),
    certificates: list({
      required: true,
      describe:
        'Names of the certificates in the vault, one per line, each with the form it is read in: name=pem or name=pfx. Without a form the one it has now is kept; new ones become PFX.',
      example: 'star-example-com=pem\nstar-example-com-pfx=pfx',
      pattern: /^[A-Za-z0-9-]{1,127}(=(pem|pfx))?$/,
      patternMeans: 'the name of a certificate (letters, digits, dashes), with =pem or =pfx after it if need be',
    }),
    names: list({
      describe: 'DNS names the certificate must cover, one per line.',
      example: 'www.example.com\n*.example.com',
      pattern: /^(\*\.)?[^\s*./:]+(\.[^\s*./:]+)*$/,
      patternMeans: 'a DNS name',
    }),
    'days-left': integer({
      default: '30',
      min: 0,
      max: 3650,
      describe: 'For how many days the certificate must still be valid.',
    }),
    trust: choice(['public', 'file'], {
      default: 'public',
      describe:
        'Where the chain must end: at a CA that Node trusts on this runner (the public ones, and those of NODE_EXTRA_CA_CERTS), or at a root certificate of trusted-roots.',
    }),
    'trusted-roots': filePath({ describe: 'Root certificates (PEM) of your own CA; for trust: file.' }),
    ...azureAccess,
    ...sessionInputs,
  },
  outputs: {
    'secret-ids': 'Addresses of the stored certificates without version, one per line: what App Gateway follows.',
    thumbprint: 'SHA-1 thumbprint of the certificate, in hex.',
    expires: 'When the certificate ends (ISO 8601, UTC).',
    changed: 'Names that received a new version, one per line.',
  },
  async run(context) {
    const { inputs } = context;
    const { uploadCertificate } = await import('./upload.ts');
    const { givenCertificate } = await import('./given.ts');
    const result = await uploadCertificate(context, {
      ...(await givenCertificate(inputs)),
      vault: inputs.vault,
      certificates: inputs.certificates,
      names: inputs.names ?? [],
      daysLeft: inputs['days-left'],
      access: azureAccessOf(inputs),
      session: inputs.session,
      dryRun: inputs['dry-run'],
    });
    return {
      'secret-ids': result.secretIds.join('\n'),
      thumbprint: result.thumbprint,
      expires: result.expires.toISOString(),
      changed: result.changed.join('\n'),
    };
  },
});
