import { z } from 'zod';
import { application, cluster, environment, fleet, hub, member, reasons, release, team } from '@fairlead/core/model';
import { openapi } from '@fairlead/wire/rest';

/** Every generated file: its path from the root, and what it must hold. */
export function generate(): ReadonlyMap<string, string> {
  const files = new Map([
    ['docs/reasons.md', reasonsPage()],
    ['docs/openapi.json', json(openapi('0.1.0'))],
  ]);
  for (const [name, schema] of Object.entries({
    fleet,
    environment,
    application,
    cluster,
    team,
    release,
    member,
    hub,
  })) {
    files.set(`docs/schemas/${name}.json`, json(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' })));
  }
  return files;
}

function reasonsPage(): string {
  const rows = Object.entries(reasons).map(([word, text]) => `| \`${word}\` | ${text} |`);
  return [
    '# Reasons',
    '',
    'Every state that API, CLI, page or metrics show carries one of these words. Generated from `libs/core/model/reasons.ts`',
    'by `npm run docs`.',
    '',
    '| reason | what it means |',
    '| --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

function json(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
