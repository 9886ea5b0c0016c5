import type { ZodType } from 'zod';

/** What a schema has against a value, each as `inputs.2.name: …`. */
export function problemsOf(schema: ZodType, value: unknown): string[] {
  const checked = schema.safeParse(value);
  if (checked.success) return [];
  return checked.error.issues.map((issue) => `${issue.path.map(String).join('.') || 'the file'}: ${issue.message}`);
}
