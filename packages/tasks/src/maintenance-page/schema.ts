import { z } from 'zod';

/** The part `page` of the window file. */
export const pageSchema = z.strictObject({
  hosts: z
    .array(z.string().min(1))
    .min(1)
    .describe('Hosts that show the maintenance page during the window. Each needs a proxied record on Cloudflare.'),
  target: z
    .string()
    .min(1)
    .describe(
      'What serves the page: a host name, an IPv4 or an IPv6 address. It should answer 503 with Retry-After and Cache-Control: no-store.',
    ),
});

export type PagePart = z.infer<typeof pageSchema>;
