import { DockerfileParser, type Instruction, type ModifiableInstruction } from 'dockerfile-ast';

/** One line of a Dockerfile. */
export interface Step {
  readonly keyword: string;
  /** `--from=build` is `['from', 'build']`. */
  readonly flags: readonly (readonly [name: string, value: string])[];
  readonly words: readonly string[];
  /** The elements of its JSON form, also behind HEALTHCHECK CMD; undefined where it has none. */
  readonly json: readonly string[] | undefined;
  /** Everything after keyword and flags, as it stands there. */
  readonly text: string;
}

/** What stands between one FROM and the next. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly from: string;
  readonly steps: readonly Step[];
}

/** Reads a Dockerfile. Throws an `Error` for a step before the first FROM: nothing here has one. */
export function stagesOf(text: string): Stage[] {
  const stages: { name: string; from: string; steps: Step[] }[] = [];
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const step = stepOf(instruction);
    if (step.keyword === 'FROM') {
      const [from = '', , name = String(stages.length)] = step.words;
      stages.push({ name, from, steps: [] });
      continue;
    }
    const stage = stages.at(-1);
    if (stage === undefined) throw new Error(`Cannot read the Dockerfile: ${step.keyword} stands before any FROM`);
    stage.steps.push(step);
  }
  return stages;
}

function stepOf(instruction: Instruction): Step {
  const flags = 'getFlags' in instruction ? (instruction as ModifiableInstruction).getFlags() : [];
  const text = instruction.getRawArgumentsContent() ?? '';
  const list = text.replace(/^CMD\s+(?=\[)/, '');
  return {
    keyword: instruction.getKeyword(),
    flags: flags.map((flag) => [flag.getName(), flag.getValue() ?? '']),
    words: instruction.getArguments().map((argument) => argument.getValue()),
    json: list.startsWith('[') ? (JSON.parse(list) as string[]) : undefined,
    text,
  };
}

/** The stages that an image of this target is made of, its base first; the base's own FROM is an image from elsewhere. */
export function chainOf(stages: readonly Stage[], target: string): Stage[] {
  const stage = stages.find(({ name }) => name === target);
  return stage === undefined ? [] : [...chainOf(stages, stage.from), stage];
}

/** What lies where in an image: a COPY of the target or of a stage below it. */
export interface CopiedFile {
  /** The stage that it comes from; undefined: the folder that is built. */
  readonly stage: string | undefined;
  readonly source: string;
  readonly target: string;
}

/** Everything that these steps copy. */
export function copiesOf(steps: readonly Step[]): CopiedFile[] {
  return steps
    .filter(({ keyword }) => keyword === 'COPY')
    .flatMap(({ flags, words }) => {
      const stage = flags.find(([name]) => name === 'from')?.[1];
      return words.slice(0, -1).map((source) => ({ stage, source, target: words.at(-1) ?? '' }));
    });
}
