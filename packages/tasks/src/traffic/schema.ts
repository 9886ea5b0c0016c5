import { parseDuration } from '@maintenance-tasks/core';
import { parseHaproxySocket } from '@maintenance-tasks/services/haproxy/address';
import { z } from 'zod';

const DNS_NAME = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?)?$/;
const once = (entries: readonly string[]) =>
  new Set(entries.map((entry) => entry.toLowerCase())).size === entries.length;

const minimumHealthy = z.int().positive().default(1);

const applicationGateway = z
  .strictObject({
    kind: z.literal('application-gateway').describe('Members of a backend pool of an Azure Application Gateway.'),
    subscription: z.guid('is not a subscription id').describe('Id of the subscription.'),
    'resource-group': z
      .string()
      .regex(/^[-\w.()]{1,90}$/, 'is not a resource group')
      .describe('Resource group of the gateway.'),
    gateway: z
      .string()
      .regex(/^[A-Za-z0-9][-\w.]{0,79}$/, 'is not the name of an application gateway')
      .describe('Name of the gateway.'),
    pool: z
      .string()
      .regex(/^[A-Za-z0-9][-\w.]{0,79}$/, 'is not the name of a backend pool')
      .describe('Name of the backend pool.'),
    members: z
      .array(z.string().regex(/^[A-Za-z0-9][-A-Za-z0-9.]*$|^[0-9a-fA-F:]+$/, 'is neither an address nor a host name'))
      .min(1, 'names no members')
      .refine(once, { error: 'names one twice' })
      .describe('Members to take out, by the IP address or host name that the pool has for them.'),
    'minimum-healthy': minimumHealthy.describe('Healthy members that must stay in the pool.'),
  })
  .describe('Azure Application Gateway: members are taken out of the pool, and put back where they stood.');

const haproxy = z
  .strictObject({
    kind: z.literal('haproxy').describe('Servers of a backend of HAProxy.'),
    sockets: z
      .array(
        z.string().superRefine((text, context) => {
          const socket = parseHaproxySocket(text);
          if ('problem' in socket) context.addIssue({ code: 'custom', message: socket.problem });
        }),
      )
      .min(1, 'names no socket')
      .refine(once, { error: 'names one twice' })
      .describe(
        'Runtime API of each HAProxy in front of the servers (level admin): tcp://lb1.example.com:9999 or unix:///run/haproxy/admin.sock. A pair behind one address is two.',
      ),
    backend: z
      .string()
      .regex(/^[-\w.:]+$/, 'is not the name of a backend')
      .describe('Name of the backend.'),
    servers: z
      .array(z.string().regex(/^[-\w.:]+$/, 'is not the name of a server'))
      .min(1, 'names no servers')
      .refine(once, { error: 'names one twice' })
      .describe('Names of the servers.'),
    'minimum-healthy': minimumHealthy.describe('Servers that must stay up in the backend, on each HAProxy.'),
    'cut-after': z
      .string()
      .refine((text) => parseDuration(text) !== undefined, { error: 'is not a duration such as 90s or 5m' })
      .optional()
      .describe(
        'Sessions that last longer are cut, such as WebSockets that never end. Left out, the task waits until its deadline and fails.',
      ),
  })
  .describe('HAProxy: servers get no new sessions (drain), and are taken out (maint) once they have none.');

const kubernetes = {
  context: z
    .string()
    .min(1)
    .optional()
    .describe('Context of the kubeconfig, where the window has targets in more than one cluster.'),
  namespace: z.string().regex(DNS_NAME, 'is not a namespace').describe('Its namespace.'),
};

const service = z
  .strictObject({
    kind: z.literal('kubernetes-service').describe('Selector of a Kubernetes Service (blue/green).'),
    ...kubernetes,
    service: z.string().regex(DNS_NAME, 'is not the name of a Service').describe('Name of the Service.'),
    selector: z
      .record(z.string().min(1), z.union([z.string().regex(LABEL_VALUE, 'is not the value of a label'), z.null()]))
      .refine((selector) => Object.keys(selector).length > 0, { error: 'names no label' })
      .describe(
        'Labels that the selector shall have while drained: `{ version: green }`. null takes a label away; labels that are not named stay.',
      ),
    'minimum-healthy': minimumHealthy.describe('Ready pods that the new selector must find.'),
  })
  .describe('Kubernetes Service: its traffic goes to other pods while drained.');

const ingress = z
  .strictObject({
    kind: z.literal('kubernetes-ingress').describe('Weight of a canary of ingress-nginx.'),
    ...kubernetes,
    ingress: z
      .string()
      .regex(DNS_NAME, 'is not the name of an Ingress')
      .describe('Name of the Ingress that is the canary (nginx.ingress.kubernetes.io/canary: "true").'),
    weight: z
      .int()
      .min(0)
      .describe('Its canary-weight while drained: 0 for no traffic to it, its canary-weight-total (100) for all.'),
    'minimum-healthy': minimumHealthy.describe('Ready endpoints of each Service that then gets traffic.'),
  })
  .describe('ingress-nginx canary. It is retired since March 2026 (no more fixes): prefer kubernetes-route.');

const route = z
  .strictObject({
    kind: z.literal('kubernetes-route').describe('Weights of a Gateway API HTTPRoute.'),
    ...kubernetes,
    route: z.string().regex(DNS_NAME, 'is not the name of an HTTPRoute').describe('Name of the HTTPRoute.'),
    weights: z
      .record(z.string().regex(DNS_NAME, 'is not the name of a backend'), z.int().min(0).max(1_000_000))
      .refine((weights) => Object.keys(weights).length > 0, { error: 'names no backend' })
      .describe(
        'Weights while drained, by the backend’s name, in every rule that has it: `{ shop-blue: 0, shop-green: 100 }`.',
      ),
    'minimum-healthy': minimumHealthy.describe('Ready endpoints of each Service that then gets traffic.'),
  })
  .describe('Gateway API HTTPRoute: its traffic is split otherwise while drained.');

/** The `traffic` part of a window file. */
export const trafficSchema = z
  .array(z.discriminatedUnion('kind', [applicationGateway, haproxy, service, ingress, route]))
  .min(1, 'names no target')
  .describe('Where traffic is led away from what is worked on while the window lasts.');

export type TrafficTarget = z.infer<typeof trafficSchema>[number];
export type TargetOf<Kind extends TrafficTarget['kind']> = Extract<TrafficTarget, { kind: Kind }>;
