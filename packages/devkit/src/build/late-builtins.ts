import { isBuiltin } from 'node:module';
import type { Plugin } from 'rolldown';
import { parseAst } from 'rolldown/parseAst';

/**
 * Loads Node's own modules when they are first used. In CommonJS an import is carried out at the start, needed or not:
 * node:crypto, node:net and node:zlib alone cost a third of Node's own start.
 */
export const lateBuiltins: Plugin = {
  name: 'late-builtins',
  renderChunk: (code) => ({ code: withLateBuiltins(code) }),
};

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [property: string]: unknown;
}

/** The chunk with `let x = require("node:net")` as a function, and each `x.isIP` as `x().isIP`. */
export function withLateBuiltins(code: string): string {
  const program = parseAst(code) as unknown as Node;
  const insertions: { at: number; text: string }[] = [];
  for (const { name, init } of builtinsOf(program)) {
    const uses = usesOf(program, name);
    // Used in another way than `x.member` (handed on whole, say) it stays as it is.
    if (!uses) continue;
    insertions.push({ at: init.start, text: '() => ' });
    // The outer parentheses keep `new x.Script()` from becoming `new x()` with a member.
    for (const use of uses) insertions.push({ at: use.start, text: '(' }, { at: use.end, text: '())' });
  }
  insertions.sort((a, b) => b.at - a.at);
  return insertions.reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), code);
}

/** The chunk's own `let x = require("…")` of Node's modules. */
function builtinsOf(program: Node): { name: string; init: Node }[] {
  const declarations = (program.body as Node[]).filter(({ type }) => type === 'VariableDeclaration');
  return declarations
    .flatMap(({ declarations }) => declarations as { id: Node; init: Node | null }[])
    .flatMap(({ id, init }) =>
      init && id.type === 'Identifier' && isBuiltinRequire(init) ? [{ name: id.name as string, init }] : [],
    );
}

function isBuiltinRequire({ type, callee, arguments: given }: Node): boolean {
  if (type !== 'CallExpression' || (callee as Node).name !== 'require') return false;
  const [module] = given as Node[];
  return typeof module?.value === 'string' && isBuiltin(module.value);
}

/** Every `name` of `name.member`; nothing when it is used in any other way. */
function usesOf(program: Node, name: string): Node[] | undefined {
  const uses: Node[] = [];
  let others = 0;
  const visit = (node: unknown, parent?: Node, property?: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const item of node) visit(item, parent, property);
      return;
    }
    const inner = node as Node;
    if (inner.type === 'Identifier' && inner.name === name && !isOnlyAKey(parent, property)) {
      if (parent?.type === 'MemberExpression' && property === 'object') uses.push(inner);
      else others += 1;
    }
    for (const [key, value] of Object.entries(inner)) visit(value, inner, key);
  };
  visit(program);
  // Its own declaration is the one other.
  return others === 1 ? uses : undefined;
}

function isOnlyAKey(parent: Node | undefined, property: string | undefined): boolean {
  if (parent?.computed) return false;
  return (property === 'property' && parent?.type === 'MemberExpression') || (property === 'key' && !parent?.shorthand);
}
