import { createAuthority } from '@maintenance-tasks/rehearsal/certificates';
import type { CrashScenario } from '@maintenance-tasks/rehearsal/crash-matrix';
import { entraIdStandIn } from '@maintenance-tasks/rehearsal/stand-ins/entra-id';
import { keyVaultStandIn } from '@maintenance-tasks/rehearsal/stand-ins/key-vault';
import { SESSION } from './world.ts';

const TENANT = '11111111-1111-1111-1111-111111111111';
const CLIENT = '22222222-2222-2222-2222-222222222222';
const SECRET = 'rehearsal~client.secret-1';

const root = createAuthority('Example Root');
const names = ['*.example.com', 'example.com'];
const former = root.issue({ names, notAfter: new Date('2026-12-24T00:00:00Z') });
const renewed = root.issue({ names, notAfter: new Date('2027-11-20T00:00:00Z') });

const scenarios: CrashScenario[] = [
  {
    name: 'cert-upload into two certificates',
    task: 'cert-upload',
    inputs: {
      certificate: renewed.certificate + renewed.chain + renewed.key,
      vault: 'example-vault',
      certificates: 'star-example-com=pem\nstar-example-com-pfx=pfx',
      names: names.join('\n'),
      trust: 'file',
      'trusted-roots': 'root.pem',
      'azure-tenant-id': TENANT,
      'azure-client-id': CLIENT,
      'azure-client-secret': SECRET,
      session: SESSION,
    },
    files: { 'root.pem': root.certificate },
    world: (time) => [
      keyVaultStandIn(
        {
          vaults: [
            {
              name: 'example-vault',
              tenant: TENANT,
              access: [{ application: CLIENT }],
              certificates: [
                { name: 'star-example-com', form: 'pem', pem: former, tags: { owner: 'platform.lead@example.com' } },
              ],
            },
          ],
        },
        time,
      ),
      entraIdStandIn({ tenants: [{ id: TENANT, applications: [{ id: CLIENT, secret: SECRET }] }] }, time),
    ],
    // Tokens are issued anew as often as asked for.
    view: ({ 'Microsoft Entra ID': _tokens, ...vault }) => vault,
  },
];
export default scenarios;
