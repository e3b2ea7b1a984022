/** A process of the startup suite: opens a context, runs one step, reports it and exits. */
import { openContext } from '../runtime/index.ts';
import { nodeRuntimePlatform } from '../runtime/platform/node.ts';
import { prepareStep } from './ours.ts';
import { REFERENCE_STEP } from './workloads.ts';

const context = await openContext(nodeRuntimePlatform, { adapter: process.argv[2] });
const { plan } = await prepareStep(context, REFERENCE_STEP);
plan.run();
await context.sync();
process.stdout.write('done\n');
await context.close();
