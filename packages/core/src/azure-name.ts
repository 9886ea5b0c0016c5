/**
 * An input's or output's name as Azure Pipelines has it: `cloudflareToken` for `cloudflare-token`. Input names there
 * have letters and digits only, and an output with a dash cannot be read by a shell as a variable of its environment.
 */
export function azureInputName(name: string): string {
  return name.replace(/-([a-z0-9])/g, (_, first: string) => first.toUpperCase());
}
