/** The architectures. To add one, add a file in this folder and a line here. */
import type { Architecture } from './backbone.ts';
import { cnn32 } from './cnn32.ts';
import { mobilenet } from './mobilenet.ts';
import { RESNETS } from './resnet.ts';
import { wideResnet } from './wideResnet.ts';

const TABLE = [...RESNETS, cnn32, wideResnet, mobilenet] as const;

export type ArchitectureName = (typeof TABLE)[number]['name'];

export const ARCHITECTURES: readonly Architecture<ArchitectureName>[] = TABLE;
export const ARCHITECTURE_NAMES: readonly ArchitectureName[] = ARCHITECTURES.map(({ name }) => name);

export const architectureNamed = (name: ArchitectureName): Architecture<ArchitectureName> =>
  ARCHITECTURES.find((architecture) => architecture.name === name)!;
