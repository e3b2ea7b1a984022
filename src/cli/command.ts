/** The interface of a command. Each is a file in this folder that calls the library, and a line in table.ts. */
import type { AdapterDescription } from '../base/adapter.ts';
import type { OptionTable, OptionValue } from '../base/options.ts';
import type { RunConfig } from '../config/config.ts';
import type { Library } from '../library/library.ts';
import type { RunOutcome, TrainHooks } from '../runs/hooks.ts';
import type { OpenMode, RunFiles } from '../runs/runFolder.ts';
import type { TextOutput } from './textOutput.ts';

/** Services for the commands. Each is loaded on first use, so that help starts fast. */
export interface CliServices extends Pick<Library, 'loadModel' | 'scoreEach'> {
  files: RunFiles;
  /** The adapter that training would use there. @throws AdapterError when there is none, or none with that name */
  describeAdapter(where: RunConfig['where'], name?: string): Promise<AdapterDescription>;
  listAdapters(): Promise<AdapterDescription[]>;
  doctor(): Promise<string>;
  /** Serves the page at a local address. @throws UsageError when the port or the host cannot be used */
  serve(port: number, host: string): Promise<{ url: string; isOpen: boolean; close(): Promise<void> }>;
  train(config: RunConfig, mode: OpenMode, hooks: TrainHooks): Promise<RunOutcome>;
}

export interface CliHost {
  stdout: TextOutput;
  stderr: TextOutput;
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
  /** Whether errors show their stack trace. */
  debug: boolean;
  version: string;
  services: CliServices;
}

/** A validated command line. */
export interface Call {
  /** Option values by key (base/options.ts), including defaults. */
  values: Readonly<Record<string, OptionValue | undefined>>;
  /** Arguments that are not options. */
  positionals: readonly string[];
}

/** A positional argument of a command: `MODEL`, `IMAGES...`. */
export interface Positional {
  name: string;
  isOptional?: boolean;
  /** Takes all remaining arguments; only allowed for the last one. */
  isRepeated?: boolean;
}

/** The parts of a help text that do not come from tables. */
export interface HelpText {
  /** Next to the usage line. */
  note?: string;
  about: readonly string[];
  examples?: readonly { what: string; calls: readonly string[] }[];
  /** Lists of names and their descriptions. */
  lists?: readonly { title: string; entries: readonly (readonly [name: string, text: string])[] }[];
  end?: readonly string[];
}

export interface Command {
  name: string;
  /** One line, for the list of commands. */
  summary: string;
  positionals: readonly Positional[];
  /** In addition to --help, which every command has. */
  options: OptionTable;
  help: HelpText;
  /** Runs until Ctrl-C, which then does not count as an interruption. */
  isEndless?: boolean;
  /** Returns the exit code. */
  run(call: Call, host: CliHost): Promise<number>;
}
