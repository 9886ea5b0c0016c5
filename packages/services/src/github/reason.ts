import type { HttpAnswer } from '@maintenance-tasks/core';

/** GitHub’s own sentence about a refusal; nothing when its answer has none. */
export function reasonOf(answer: HttpAnswer): string | undefined {
  try {
    const { message } = JSON.parse(answer.text) as { message?: unknown };
    return typeof message === 'string' ? answer.quote(message).replace(/\.$/, '') : undefined;
  } catch {
    return undefined;
  }
}
