/** Options of the command line. */
import { parseArgs } from 'node:util';
import { PEERS, type Peer } from './contestant.ts';
import { SUITES, type Suite } from './measurements.ts';

export interface BenchOptions {
  suites: readonly Suite[];
  /** True for suites given by name: all shapes and more samples. Otherwise a selection that takes about ten minutes in all. */
  isFull: boolean;
  /** Measures workloads whose name contains one of these; if empty, all. */
  only: readonly string[];
  peers: readonly Peer[];
  /** Peers wait for the device as oecl does, without keeping a core busy. */
  arePeersResting: boolean;
  adapter: string | undefined;
  json: string | undefined;
  against: string | undefined;
}

export const HELP = `npm run bench -- [SUITE...] [OPTION...]

Without a suite: a selection from all suites, about ten minutes on two cores with lavapipe. A suite given by name runs in full.
  step       the OECL step, in turn with the peers; its growth with the batch; launches; augmentation; host time
  kernels    matrix product, convolution (three passes), batch norm, NT-Xent, optimizer
  memory     device memory of a step against its lower bound
  startup    from the start of a process to the end of step 1

  --only TEXT      of the suites, only the workloads whose name contains TEXT, in upper or lower case; may be repeated.
                   E.g. kernels --only "matmul 1024"
  --peers LIST     ${PEERS.join(', ')}, none; separated by commas. Default all
  --resting-peers  the peers wait for the device as oecl does. As they come, they keep a core busy meanwhile, which a
                   software adapter lacks: this leaves the difference between the kernels
  --adapter NAME   hardware, lavapipe, swiftshader, or part of an adapter's name
  --json FILE      writes all measurements
  --against FILE   compares with measurements written earlier
`;

/** @throws TypeError with a message for the user */
export function parseOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      only: { type: 'string', multiple: true },
      peers: { type: 'string' },
      'resting-peers': { type: 'boolean' },
      adapter: { type: 'string' },
      json: { type: 'string' },
      against: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) return 'help';
  const unknown = positionals.find((name) => !SUITES.includes(name as Suite));
  if (unknown !== undefined) throw new TypeError(`unknown suite "${unknown}", expected one of ${SUITES.join(', ')}`);
  return {
    suites: positionals.length > 0 ? SUITES.filter((suite) => positionals.includes(suite)) : SUITES,
    isFull: positionals.length > 0,
    only: values.only ?? [],
    peers: parsePeers(values.peers),
    arePeersResting: values['resting-peers'] ?? false,
    adapter: values.adapter,
    json: values.json,
    against: values.against,
  };
}

function parsePeers(list: string | undefined): readonly Peer[] {
  if (list === undefined || list === 'all') return PEERS;
  if (list === 'none') return [];
  const names = list.split(',');
  const unknown = names.find((name) => !PEERS.includes(name as Peer));
  if (unknown !== undefined)
    throw new TypeError(`unknown peer "${unknown}", expected one of ${PEERS.join(', ')}, none`);
  return PEERS.filter((peer) => names.includes(peer));
}
