/** Stages or jobs that wait for each other, each cycle once. */
export function cyclesIn(nodes: readonly { readonly id: string; readonly needs: readonly string[] }[]): string[][] {
  const needs = new Map(nodes.map((node) => [node.id, node.needs]));
  const done = new Set<string>();
  const cycles: string[][] = [];
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) {
      cycles.push([...path.slice(path.indexOf(id)), id]);
      return;
    }
    if (done.has(id)) return;
    for (const need of needs.get(id) ?? []) visit(need, [...path, id]);
    done.add(id);
  };
  for (const { id } of nodes) visit(id, []);
  return cycles;
}
