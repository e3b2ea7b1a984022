/** What a command is: one file beside this one over one function of the library, one line of table.ts. */
import type { AdapterDescription } from '../base/adapter.ts';
import type { OptionTable, OptionValue } from '../base/options.ts';
import type { RunConfig } from '../config/config.ts';
import type { Library } from '../library/library.ts';
import type { RunOutcome, TrainHooks } from '../runs/hooks.ts';
import type { OpenMode, RunFiles } from '../runs/runFolder.ts';
import type { TextOutput } from './textOutput.ts';

/** What the commands do their work with; each is reached only when it is needed, so that help costs nothing. */
export interface CliServices extends Pick<Library, 'loadModel' | 'scoreEach'> {
  files: RunFiles;
  /** What the training would run on there. @throws AdapterError when there is none, or none of that name. */
  describeAdapter(where: RunConfig['where'], name?: string): Promise<AdapterDescription>;
  listAdapters(): Promise<AdapterDescription[]>;
  doctor(): Promise<string>;
  /** The page, at an address of this machine. @throws UsageError when the port or the host cannot be used */
  serve(port: number, host: string): Promise<{ url: string; isOpen: boolean; close(): Promise<void> }>;
  train(config: RunConfig, mode: OpenMode, hooks: TrainHooks): Promise<RunOutcome>;
}

export interface CliHost {
  stdout: TextOutput;
  stderr: TextOutput;
  /** Aborted by the first Ctrl-C. */
  signal: AbortSignal;
  /** Whether errors show their stack. */
  debug: boolean;
  version: string;
  services: CliServices;
}

/** A command line, checked. */
export interface Call {
  /** Values of options by key (base/options.ts), defaults included. */
  values: Readonly<Record<string, OptionValue | undefined>>;
  /** What is no option. */
  positionals: readonly string[];
}

/** What follows the name of a command and is no option: `MODEL`, `IMAGES...`. */
export interface Positional {
  name: string;
  isOptional?: boolean;
  /** Takes all that follow; the last one only. */
  isRepeated?: boolean;
}

/** The parts of a help text that no table has. */
export interface HelpText {
  /** Beside the usage line. */
  note?: string;
  about: readonly string[];
  examples?: readonly { what: string; calls: readonly string[] }[];
  /** Lists of names, each with its text. */
  lists?: readonly { title: string; entries: readonly (readonly [name: string, text: string])[] }[];
  end?: readonly string[];
}

export interface Command {
  name: string;
  /** One line, for lists. */
  summary: string;
  positionals: readonly Positional[];
  /** Every command has --help beside these. */
  options: OptionTable;
  help: HelpText;
  /** It runs until Ctrl-C, which is no interruption then. */
  isEndless?: boolean;
  /** Returns the exit code. */
  run(call: Call, host: CliHost): Promise<number>;
}
