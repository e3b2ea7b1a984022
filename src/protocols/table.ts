/** The protocols, in listing order. To add one, add a file in this folder and a line here. */
import { allNormal } from './allNormal.ts';
import { leaveOneOut } from './leaveOneOut.ts';
import { oneVsRest } from './oneVsRest.ts';
import type { Protocol } from './protocol.ts';

const TABLE = [oneVsRest, leaveOneOut, allNormal] as const;

export type ProtocolName = (typeof TABLE)[number]['name'];

export const PROTOCOLS: readonly Protocol<ProtocolName>[] = TABLE;
export const PROTOCOL_NAMES: readonly ProtocolName[] = PROTOCOLS.map(({ name }) => name);

export const protocolNamed = (name: ProtocolName): Protocol => PROTOCOLS.find((protocol) => protocol.name === name)!;

/** A stored result; its protocol may come from another version. */
interface StoredResult {
  protocol: string;
  normal: string;
  testImages: { out: number };
}

const protocolOf = ({ protocol }: StoredResult): Protocol | undefined =>
  PROTOCOLS.find(({ name }) => name === protocol);

/** What the run distinguishes, as a headline. */
export const headlineOf = (result: StoredResult): string =>
  protocolOf(result)?.headline(result.normal, result.testImages.out > 0) ?? `${result.protocol}: ${result.normal}`;

/** Describes the normal images of the test. */
export const normalImagesOf = (result: StoredResult): string =>
  protocolOf(result)?.normalImages(result.normal) ?? result.normal;
