/** Protocols that give one class a special role: --normal names the class, and `all` means one run per class. */
import { DataError, UsageError } from '../base/errors.ts';
import { EVERY_CLASS, findClass, isEveryClass } from '../base/names.ts';
import { nearestName } from '../base/suggest.ts';
import {
  type ClassCount,
  classCounts,
  countTable,
  type LabeledDataset,
  type Protocol,
  type Split,
  type SplitPlan,
  splitBy,
} from './protocol.ts';

export interface ClassRole<Name extends string> extends Omit<Protocol<Name>, 'isOfAllClasses' | 'plan'> {
  /** Describes the class in errors: `is normal`. */
  role: string;
  /** Whether --normal can be omitted when the data set has a single trained class. */
  isImplied: boolean;
  /** @param chosen the class that has the role */
  isTrained(className: string, chosen: string): boolean;
  /** @param trained the classes that have training images */
  isTested(className: string, chosen: string, trained: ReadonlySet<string>): boolean;
  /** Why a class cannot have the role, or undefined when it can. */
  unfit(own: ClassCount, others: readonly ClassCount[]): string | undefined;
}

export function perClass<Name extends string>(role: ClassRole<Name>): Protocol<Name> {
  const { name, summary, headline, normalImages, isOfOneClass } = role;
  const facts = { name, summary, headline, normalImages, isOfOneClass };
  return { ...facts, isOfAllClasses: false, plan: (...args) => plan(role, ...args) };
}

type Role = ClassRole<string>;

function plan(role: Role, dataset: LabeledDataset, normal: string | undefined): SplitPlan {
  const counts = classCounts(dataset);
  if (!isEveryClass(normal)) {
    const name = chosenClass(counts, normal ?? onlyTrainedClass(counts, role));
    if (isEveryClass(name)) throw calledAll(name);
    const reason = unfit(counts, role, name);
    if (reason) throw unfitError(counts, role, name, reason);
    return { splits: [splitFor(role, dataset, counts, name)], skipped: [] };
  }
  const called = counts.find(({ name }) => isEveryClass(name));
  if (called) throw calledAll(called.name);
  const skipped: SplitPlan['skipped'] = [];
  const splits: Split[] = [];
  for (const { name } of counts) {
    const reason = unfit(counts, role, name);
    if (reason) skipped.push({ normal: name, reason });
    else splits.push(splitFor(role, dataset, counts, name));
  }
  if (splits.length === 0) {
    throw unfitError(counts, role, EVERY_CLASS, `no class can take part: ${skipped[0]?.reason}`);
  }
  return { splits, skipped };
}

function splitFor(role: Role, dataset: LabeledDataset, counts: readonly ClassCount[], chosen: string): Split {
  const trained = new Set(counts.filter(({ train }) => train > 0).map(({ name }) => name));
  const isTrained = (className: string) => role.isTrained(className, chosen);
  return splitBy(dataset, chosen, isTrained, (className) => role.isTested(className, chosen, trained));
}

/** Resolves a name or an index to a class. @throws UsageError, listing all classes. */
function chosenClass(counts: readonly ClassCount[], wanted: string): string {
  const names = counts.map(({ name }) => name);
  const found = findClass(wanted, names);
  if (found !== undefined) return found;
  const guess =
    names.find((name) => /^\d+$/.test(name) && Number(name) === Number(wanted)) ?? nearestName(wanted, names);
  throw new UsageError(`--normal ${wanted}: this data set has no such class.`, {
    details: countTable(counts),
    remedy: guess ? `--normal ${guess}` : 'one of these classes, or all',
  });
}

/** A class of that name would be ambiguous with --normal all, here and wherever the run is named. */
function calledAll(name: string): UsageError {
  return new UsageError(`a class is called ${name}: --normal ${EVERY_CLASS} means every class in turn.`, {
    remedy: 'rename the folder of that class',
  });
}

/** Without --normal, a data set with a single trained class (a folder of good parts) may leave only one choice. */
function onlyTrainedClass(counts: readonly ClassCount[], role: Role): string {
  const trained = counts.filter(({ train }) => train > 0);
  if (role.isImplied && trained.length === 1) return trained[0].name;
  const likely = firstFit(counts, role) ?? trained[0] ?? counts[0];
  throw new UsageError(`--normal is missing: several classes could be the one that ${role.role}.`, {
    details: countTable(counts),
    remedy: `--normal ${likely?.name ?? 'CLASS'}, or --normal all for each in turn`,
  });
}

/** A class that can have the role, for a remedy: not all of them, as each takes a look at every other class. */
const firstFit = (counts: readonly ClassCount[], role: Role): ClassCount | undefined =>
  counts.find((count) => !unfit(counts, role, count.name));

function unfit(counts: readonly ClassCount[], role: Role, name: string): string | undefined {
  const own = counts.find((count) => count.name === name)!;
  return role.unfit(
    own,
    counts.filter((count) => count !== own),
  );
}

function unfitError(counts: readonly ClassCount[], role: Role, name: string, reason: string): DataError {
  const fit = firstFit(counts, role);
  return new DataError(`--protocol ${role.name} --normal ${name}: ${reason}.`, {
    details: countTable(counts),
    remedy:
      fit !== undefined
        ? `--normal ${fit.name}, or add the images`
        : 'add the missing images; --protocol all-normal needs no outliers',
  });
}
