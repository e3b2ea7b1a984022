/** `npm run build`: dist/, made anew. */
import { build, install } from './setup.mjs';

install();
process.exit(build({ always: true }));
