import type { Plugin } from 'rolldown';

const LAZY_CRYPTO = '\0lazy-crypto';

/**
 * Leaves out of a bundle what nobody uses of the hosts' libraries. They do not say that their modules do nothing by
 * being loaded; taken at their word, @actions/core brings its OIDC client and with it undici, 400 KB that every step
 * would parse, for functions that no host calls. Its only use of crypto is one random id for an output: that is
 * loaded when it comes to it, since it costs every start 2 to 4 ms.
 */
export const hostLibraries: Plugin = {
  name: 'host-libraries',
  resolveId: {
    filter: { id: /^(@actions\/|crypto$|\.)/ },
    async handler(source, importer, options) {
      const inToolkit = /[\\/]node_modules[\\/]@actions[\\/]/.test(importer ?? '');
      if (source === 'crypto') return /[\\/]file-command\.js$/.test(importer ?? '') && inToolkit ? LAZY_CRYPTO : null;
      if (source.startsWith('.') && !inToolkit) return null;
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      return resolved && { ...resolved, moduleSideEffects: false };
    },
  },
  load: {
    filter: { id: /lazy-crypto$/ },
    handler: () => 'export const randomUUID = () => crypto.randomUUID();',
  },
};
