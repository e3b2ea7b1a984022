/**
 * Weights of the user's, for the start of a backbone: which network they are of, in whose names, and what of the file it takes.
 * Names are torchvision's and timm's (`layer1.0.conv1.weight`), the authors' and ours (`backbone.layer1.0.conv1.weight`), each
 * also below a wrapper's name (`module.`, `model.`, `encoder.`).
 */
import { decodeSafetensors } from '../../runtime/index.ts';
import { UsageError } from '../base/errors.ts';
import { kindOfBytes, kindOfTensors, WANTED } from './foreignFile.ts';
import { LARGEST_SMALL_SIDE, RESNETS } from './resnet.ts';
import type { StateDict } from './stateDict.ts';
import { ARCHITECTURE_NAMES, type ArchitectureName } from './table.ts';

/** The network that weights are of, and what they were trained with, as far as the file says. */
export interface WeightsNetwork {
  arch: ArchitectureName;
  width: number;
  /** Whether they fit a side of the input. */
  fits(size: number): boolean;
  size?: number;
  /** The value of --normalize. */
  normalize?: string;
}

export interface Weights {
  network: WeightsNetwork;
  /** The network, and whose names the file has, in words. */
  what: string;
  /** By the names of our backbone, without `backbone.`. */
  tensors: StateDict;
  /** The file's names of all others. */
  leftOut: readonly string[];
}

/** Of PyTorch's batch norms; nothing depends on them. */
const COUNTER = 'num_batches_tracked';
/** Before the names of the backbone in our model files. */
const OWN_PREFIX = 'backbone.';

/**
 * @param file its name in errors
 * @throws UsageError that says what it seems to be; FormatError when it is damaged
 */
export function decodeWeights(bytes: Uint8Array, file: string): Weights {
  const foreign = kindOfBytes(bytes, file);
  if (foreign) throw new UsageError(`${file}: it seems to be ${foreign.what}.`, { remedy: foreign.remedy });
  const { tensors, metadata } = decodeSafetensors(bytes, file);
  const ours = ownNetwork(metadata);
  const prefix = prefixOf(tensors, ours !== null);
  if (prefix === null) throw refusal(file, kindOfTensors(Object.keys(tensors)));
  const { own, leftOut } = divided(tensors, prefix, ours ? /./ : /^(conv1|bn1|layer\d+)\./);
  const isResNet = !ours || RESNETS.some(({ name }) => name === ours.arch);
  if (!isResNet) return { network: ours, what: `${ours.arch} of this program`, tensors: own, leftOut };
  const { arch, width, isSmall } = resnetOf(own, file);
  const isOfAuthors = prefix.endsWith('backbone.');
  const names = ours ? "of this program's models" : isOfAuthors ? "of the authors' code" : 'of torchvision and timm';
  const network = {
    ...(ours ?? (isSmall || isOfAuthors ? {} : { normalize: 'imagenet' })),
    ...{ arch, width },
    fits: (side: number) => side <= LARGEST_SMALL_SIDE === isSmall,
  };
  const what = `${arch}, ${width} channels wide, by the names ${names}`;
  return { network, what, tensors: withShortcuts(own, isSmall), leftOut };
}

/** What the metadata of our model files say; null for another file. */
function ownNetwork({ arch: name, width, size, normalize }: Readonly<Record<string, string>>): WeightsNetwork | null {
  const arch = ARCHITECTURE_NAMES.find((each) => each === name);
  const isComplete = arch !== undefined && Number(width) > 0 && Number(size) > 0;
  return isComplete ? { arch, width: Number(width), size: Number(size), normalize, fits: () => true } : null;
}

/** The tensors below `prefix` whose name goes on as the backbone's do, without it, and the names of all others. */
function divided(tensors: Readonly<StateDict>, prefix: string, ofBackbone: RegExp) {
  const own: StateDict = {};
  const leftOut: string[] = [];
  for (const [name, tensor] of Object.entries(tensors)) {
    const short = name.slice(prefix.length);
    if (name.startsWith(prefix) && ofBackbone.test(short) && !short.endsWith(COUNTER)) own[short] = tensor;
    else leftOut.push(name);
  }
  return { own, leftOut };
}

/** What stands before the names of the backbone, the shortest of several; null when there is none. */
function prefixOf(tensors: Readonly<StateDict>, isOurs: boolean): string | null {
  const names = Object.keys(tensors);
  if (isOurs) return names.some((name) => name.startsWith(OWN_PREFIX)) ? OWN_PREFIX : null;
  const stems = names.filter((name) => /(^|\.)conv1\.weight$/.test(name) && tensors[name].shape[1] === 3);
  const prefixes = stems.map((name) => name.slice(0, -'conv1.weight'.length));
  const ofResNets = prefixes.filter((prefix) => `${prefix}layer1.0.conv1.weight` in tensors);
  return ofResNets.sort((a, b) => a.length - b.length)[0] ?? null;
}

/** The ResNet that the tensors are of. @throws UsageError when it is none of ours */
function resnetOf(own: Readonly<StateDict>, file: string): { arch: ArchitectureName; width: number; isSmall: boolean } {
  const blocks: number[] = [];
  for (const name of Object.keys(own)) {
    const [, stage, block] = /^layer(\d+)\.(\d+)\./.exec(name) ?? [];
    if (stage !== undefined) blocks[Number(stage) - 1] = Math.max(blocks[Number(stage) - 1] ?? 0, Number(block) + 1);
  }
  const hasBottlenecks = 'layer1.0.conv3.weight' in own;
  const hasAttention = Object.keys(own).some((name) => name.startsWith('layer1.0.cbam.'));
  const [width, , side] = own['conv1.weight'].shape;
  const what = `a ResNet of ${blocks.join(', ')} ${hasBottlenecks ? 'bottleneck' : 'basic'} blocks`;
  const known = RESNETS.find(
    ({ plan }) =>
      plan.blocks.join() === blocks.join() &&
      (plan.hasBottlenecks ?? false) === hasBottlenecks &&
      (plan.hasAttention ?? false) === hasAttention,
  );
  if (!known) throw refusal(file, what);
  const [hidden, perGroup] = own[hasBottlenecks ? 'layer1.0.conv2.weight' : 'layer1.0.conv1.weight'].shape;
  if (hasBottlenecks && perGroup < hidden) throw refusal(file, `${what} with grouped convolutions, a ResNeXt`);
  if (hidden !== width) throw refusal(file, `${what} of ${hidden} channels after a stem of ${width}, a wide ResNet`);
  if (side !== 3 && side !== 7) throw refusal(file, `${what} whose first convolution is ${side}x${side}`);
  return { arch: known.name, width, isSmall: side === 3 };
}

/** Shortcuts are named after the stem in our networks (resnet.ts), which is not so everywhere. */
function withShortcuts(own: Readonly<StateDict>, isSmall: boolean): StateDict {
  const [from, to] = isSmall ? ['downsample', 'shortcut'] : ['shortcut', 'downsample'];
  return Object.fromEntries(
    Object.entries(own).map(([name, tensor]) => [name.replace(`.${from}.`, `.${to}.`), tensor]),
  );
}

const refusal = (file: string, what: string): UsageError =>
  new UsageError(`${file}: it seems to hold ${what}.`, { remedy: WANTED });

/** What of the file a network starts from and what not, for people. @param names of all parameters and buffers of the network */
export function weightsNote({ what, tensors, leftOut }: Weights, file: string, names: readonly string[]): string {
  const added = names.filter((name) => !name.startsWith(OWN_PREFIX));
  return (
    `${file}: ${what}; ${Object.keys(tensors).length} tensors fit, ` +
    `${counted(leftOut)} left out, ${counted(added)} of the network new`
  );
}

/** `12 (fc, head)`: how many names, and their first parts. */
function counted(names: readonly string[]): string {
  const groups = new Set(names.map((name) => (name.endsWith(COUNTER) ? COUNTER : name.split('.')[0])));
  return groups.size === 0 ? '0' : `${names.length} (${[...groups].join(', ')})`;
}
