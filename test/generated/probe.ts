import { boolean, choice, defineTask, list, secret, sessionInputs, text } from '@maintenance-tasks/core';

/** A task with one input of each kind that is written differently anywhere. */
export const probe = defineTask({
  name: 'door-sign',
  azure: { id: '6f6d8c1e-6a0a-4f5e-9e0b-0d2a4b1f7c33', category: 'Deploy' },
  summary: 'Turns the sign at the door: "open" or \'closed\'.',
  needs: { 'Door | gate': ['Sign Write', 'Sign Read'] },
  mutates: true,
  inputs: {
    state: choice(['on', 'off'], { required: true, describe: 'Which side | shows.' }),
    doors: list({ required: true, describe: 'Doors, one a line.', example: 'front\nback' }),
    'sign-token': secret({ required: true, environment: 'SIGN_TOKEN', describe: 'Token.' }),
    'spare-key': secret({ describe: 'Another.' }),
    connection: text({ azureType: 'connectedService:AzureRM', describe: 'A connection.' }),
    polite: boolean({ default: 'true', describe: 'Say <please>.' }),
    ...sessionInputs,
  },
  outputs: { 'turned-signs': 'Doors whose sign was turned.' },
  run: async () => ({}),
});
