/** Where a runtime API listens. */
export type HaproxySocket =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** `tcp://lb1.example.com:9999`, `tcp://[2001:db8::1]:9999` or `unix:///run/haproxy/admin.sock`. */
export function parseHaproxySocket(text: string): HaproxySocket | { readonly problem: string } {
  const [, path] = /^unix:\/\/(\/[^\s?#]+)$/.exec(text) ?? [];
  if (path) return { kind: 'unix', path };
  const [, bracketed, named, digits] =
    /^tcp:\/\/(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9][-\w.]*)):(\d{1,5})$/.exec(text) ?? [];
  const host = bracketed ?? named;
  const port = Number(digits);
  if (host && port > 0 && port < 65_536) return { kind: 'tcp', host, port };
  return {
    problem: `"${text}" is neither tcp://lb1.example.com:9999 nor unix:///run/haproxy/admin.sock`,
  };
}
