import { readdirSync, readFileSync } from 'node:fs';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { Gate } from '@fairlead/core/model';
import { gateKinds, judgeGate } from './judge.ts';
import type { GateEvidence, Verdict } from './verdict.ts';

interface Case {
  readonly name: string;
  readonly gate: Gate;
  readonly evidence: Partial<GateEvidence>;
  readonly expect: Partial<Verdict>;
}

/** What a case does not speak of. */
const nothing: GateEvidence = {
  nowMs: 0,
  quorum: 'all',
  predecessors: [],
  approvals: { approvers: [], teams: {}, given: [] },
  dependencies: {},
  answers: {},
  verifications: {},
  resumed: [],
};

/** What others have to say first. */
const asked: ReadonlySet<string> = new Set(['answers', 'verifications']);

const here = new URL('.', import.meta.url);
const folders = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name);

describe('gates', () => {
  it('the registry names exactly the folders', () => {
    expect(Object.keys(gateKinds).sort()).toEqual(folders.sort());
    for (const [name, gate] of Object.entries(gateKinds)) expect(gate.kind).toBe(name);
  });

  it('those that ask others say how patiently, and no others', () => {
    const asking = Object.values(gateKinds).filter(({ uses }) => uses.some((use) => asked.has(use)));
    expect(Object.values(gateKinds).filter(({ patience }) => patience !== undefined)).toEqual(asking);
    expect(asking.length).toBeGreaterThan(3);
  });

  it.each(['hologram', 'constructor'])('the gate %s is not known to this version and never passes', (kind) => {
    const gate = { [kind]: {} } as unknown as Gate;
    const verdict = judgeGate(gate, nothing);
    expect(verdict).toMatchObject({ verdict: 'Unknown', reason: 'GateUnsupported' });
  });

  for (const folder of folders) {
    const cases = load(readFileSync(new URL(`${folder}/cases.yaml`, here), 'utf8')) as Case[];
    it.each(cases)(`${folder}: $name`, ({ gate, evidence, expect: expected }) => {
      expect(judgeGate(gate, { ...nothing, ...evidence })).toMatchObject(expected);
    });

    it.each(cases)(`${folder}: $name, and is handed nothing but what it declares`, ({ gate, evidence }) => {
      const touched = new Set<string | symbol>();
      const whole: GateEvidence = { ...nothing, ...evidence };
      judgeGate(gate, new Proxy(whole, { get: (of, key) => (touched.add(key), Reflect.get(of, key)) }));
      expect(touched).toEqual(new Set(['nowMs', ...(gateKinds[folder]?.uses ?? [])]));
    });
  }
});
