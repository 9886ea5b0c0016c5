export * from './azure.ts';
export * from './github.ts';
export * from './local.ts';
