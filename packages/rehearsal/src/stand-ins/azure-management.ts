import type { StandIn } from '../stand-in.ts';

/** A service of Azure that is reached at management.azure.com, as several are. */
export interface AzureService extends StandIn {
  /** Whether a path there is its own. */
  owns(path: string): boolean;
}

export function isAzureService(standIn: StandIn): standIn is AzureService {
  return 'owns' in standIn;
}

/** management.azure.com: the services behind it are told apart by their paths. */
export function azureManagementStandIn(services: readonly AzureService[]): StandIn {
  return {
    name: 'Azure',
    hosts: ['management.azure.com'],
    answer(request) {
      const service = services.find((each) => each.owns(request.url.pathname));
      const error = { code: 'InvalidResourceType', message: `Nothing is known of ${request.url.pathname}.` };
      return service?.answer(request) ?? { status: 404, body: { error } };
    },
    state: () => Object.fromEntries(services.map((each) => [each.name, each.state()])),
    leftovers: () => services.flatMap((each) => each.leftovers()),
  };
}
