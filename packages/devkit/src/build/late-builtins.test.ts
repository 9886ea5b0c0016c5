import { createRequire } from 'node:module';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { withLateBuiltins } from './late-builtins.ts';

/** Runs a chunk, and names the modules it loaded at once and those it loaded when `exports.run` was called. */
function run(code: string): { atStart: string[]; later: string[]; result: unknown } {
  const loaded: string[] = [];
  const real = createRequire(import.meta.url);
  const exports: { run?: () => unknown } = {};
  const require = (name: string) => {
    loaded.push(name);
    return real(name) as unknown;
  };
  runInNewContext(withLateBuiltins(code), { exports, require });
  const atStart = loaded.splice(0);
  const result = exports.run?.();
  return { atStart, later: loaded, result };
}

describe('late builtins', () => {
  it('loads a module of Node when it is used, not before', () => {
    const { atStart, later, result } = run('let net = require("node:net"); exports.run = () => (0, net.isIP)("::1");');
    expect({ atStart, later, result }).toEqual({ atStart: [], later: ['node:net'], result: 6 });
  });

  it('keeps `new module.Class()` a call of the class', () => {
    const { result } = run(
      'let vm = require("node:vm"); exports.run = () => new vm.Script("1 + 1").runInThisContext();',
    );
    expect(result).toBe(2);
  });

  it('handles texts beyond ASCII before a use', () => {
    const { result } = run(
      'let path = require("node:path"); const arrow = "→ 𝛼"; exports.run = () => arrow + path.sep;',
    );
    expect(result).toBe('→ 𝛼/');
  });

  it.each([
    ['is handed on whole', 'let net = require("node:net"); const all = [net]; exports.run = () => all[0].isIP("x");'],
    ['is set anew', 'let net = require("node:net"); net = Object(net); exports.run = () => net.isIP("x");'],
    [
      'is a shorthand property',
      'let net = require("node:net"); const o = { net }; exports.run = () => o.net.isIP("x");',
    ],
    [
      'shares its name with a parameter',
      'let net = require("node:net"); exports.run = () => ((net) => net)(net.isIP("x"));',
    ],
  ])('leaves a module alone that %s', (_, code) => {
    expect(run(code)).toMatchObject({ atStart: ['node:net'], result: 0 });
  });

  it('is not misled by members and keys of the same name', () => {
    const code = 'let net = require("node:net"); const o = { net: 1 }; exports.run = () => o.net + net.isIP("::1");';
    expect(run(code)).toMatchObject({ atStart: [], result: 7 });
  });

  it('loads other modules at once', () => {
    const code = 'let own = require("./own.cjs"); exports.run = () => own.x;';
    expect(withLateBuiltins(code)).toBe(code);
  });
});
