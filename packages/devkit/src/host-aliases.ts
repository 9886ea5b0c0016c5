import type { Plugin } from 'rolldown';

/**
 * Leaves out of a bundle what nobody uses of the hosts' libraries. They do not say that their modules do nothing by
 * being loaded; taken at their word, @actions/core brings its OIDC client and with it undici, 400 KB that every step
 * would parse, for functions that no host calls.
 */
export const hostLibraries: Plugin = {
  name: 'host-libraries',
  resolveId: {
    filter: { id: /^(@actions\/|undici|tunnel|\.)/ },
    async handler(source, importer, options) {
      if (source.startsWith('.') && !/[\\/]node_modules[\\/]@actions[\\/]/.test(importer ?? '')) return null;
      const resolved = await this.resolve(source, importer, { ...options, skipSelf: true });
      return resolved && { ...resolved, moduleSideEffects: false };
    },
  },
};
