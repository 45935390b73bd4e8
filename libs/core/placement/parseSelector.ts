import { FairleadError, type Selector } from '@fairlead/core/model';

type Requirement = NonNullable<Selector['matchExpressions']>[number];

const forms: readonly { readonly form: RegExp; readonly make: (key: string, value: string) => Requirement }[] = [
  {
    form: /^([^\s=!,()]+)\s*(?:==|=)\s*([^\s=!,()]*)$/,
    make: (key, value) => ({ key, operator: 'In', values: [value] }),
  },
  { form: /^([^\s=!,()]+)\s*!=\s*([^\s=!,()]*)$/, make: (key, value) => ({ key, operator: 'NotIn', values: [value] }) },
  {
    form: /^([^\s=!,()]+)\s+in\s+\(([^()]*)\)$/,
    make: (key, value) => ({ key, operator: 'In', values: listOf(value) }),
  },
  {
    form: /^([^\s=!,()]+)\s+notin\s+\(([^()]*)\)$/,
    make: (key, value) => ({ key, operator: 'NotIn', values: listOf(value) }),
  },
  { form: /^!\s*([^\s=!,()]+)$/, make: (key) => ({ key, operator: 'DoesNotExist' }) },
  { form: /^([^\s=!,()]+)$/, make: (key) => ({ key, operator: 'Exists' }) },
];

function listOf(text: string): string[] {
  return text.split(',').map((one) => one.trim());
}

/**
 * Reads a label selector as kubectl writes it: `env=prod,tier!=canary,region in (eu, us),!legacy`. Throws
 * `FairleadError` (InvalidArgument) that names the part that it cannot read.
 */
export function parseSelector(text: string): Selector {
  const parts = text
    .split(/,(?![^()]*\))/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
  return { matchExpressions: parts.map(requirement) };
}

function requirement(part: string): Requirement {
  for (const { form, make } of forms) {
    const [, key, value] = form.exec(part) ?? [];
    if (key !== undefined) return make(key, value ?? '');
  }
  throw new FairleadError(
    `Cannot read the label selector: "${part}" is no requirement. Write for example env=prod,tier!=canary,region in (eu,us).`,
    {
      code: 'InvalidInput',
      reason: 'InvalidArgument',
      subject: { field: 'labels' },
    },
  );
}
