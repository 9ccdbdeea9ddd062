/** What a node is made of. Its agent reads it once and sends it with each full report. */
import { Type, type Static } from 'typebox';

const Text = Type.String({ maxLength: 200 });

export const NodeInventory = Type.Object(
  {
    cpuModel: Text,
    cpuGHz: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Null()], {
      description: 'Nominal; null: the machine does not tell',
    }),
    cores: Type.Integer({ minimum: 1, description: 'Physical ones' }),
    threads: Type.Integer({ minimum: 1 }),
    virtual: Type.Boolean({ description: 'A virtual machine' }),
    memoryBytes: Type.Integer({ minimum: 0 }),
    kernel: Text,
    cgroupVersion: Type.Union([Type.Literal('v1'), Type.Literal('v2'), Type.Null()], {
      description: 'Of the hierarchy that counts CPU; null: the agent reads no cgroups',
    }),
  },
  { additionalProperties: false, description: 'What the node is made of' },
);
export type NodeInventory = Static<typeof NodeInventory>;
