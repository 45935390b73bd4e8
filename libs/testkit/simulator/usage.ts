import { readdir, readFile } from 'node:fs/promises';

/** What a process takes of the machine, as Linux tells. */
export interface Usage {
  /** User and system time of all its threads since it began. */
  readonly cpuMs: number;
  readonly rssBytes: number;
}

/** The kernel counts in hundredths of a second (USER_HZ). */
const msPerTick = 10;

/** Reads /proc/PID; undefined where the process is gone. */
export async function usageOf(pid: number): Promise<Usage | undefined> {
  try {
    const [stat, status] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile(`/proc/${pid}/status`, 'utf8'),
    ]);
    // The second field is a name that may hold blanks and brackets; utime and stime are the 14th and 15th.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const ticks = Number(fields[11]) + Number(fields[12]);
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
    return { cpuMs: ticks * msPerTick, rssBytes: kilobytes * 1024 };
  } catch {
    return undefined;
  }
}

/** The proportional set size: shared pages are counted by their share. Reading it stops the process for a moment. */
export async function pssOf(pid: number): Promise<number | undefined> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => undefined);
  const kilobytes = text === undefined ? undefined : /^Pss:\s+(\d+) kB$/m.exec(text)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/** The sum over processes; those that are gone count nothing. */
export async function usageOfAll(pids: Readonly<Record<string, number>>): Promise<Usage> {
  const usages = await Promise.all(Object.values(pids).map(usageOf));
  const sum = (of: (usage: Usage) => number): number => usages.reduce((all, one) => all + (one ? of(one) : 0), 0);
  return { cpuMs: sum(({ cpuMs }) => cpuMs), rssBytes: sum(({ rssBytes }) => rssBytes) };
}

/** CPU time of servers and of the processes that they made, such as PostgreSQL's own for each connection. */
export async function cpuMsOfServers(pids: Readonly<Record<string, number>>): Promise<number> {
  const servers = new Set(Object.values(pids));
  if (servers.size === 0) return 0;
  const all = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const usages = await Promise.all(
    all.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const isOne = servers.has(pid);
      if (!isOne && !servers.has(Number(fields[1]))) return 0;
      // Of a server also what its ended children took (cutime and cstime).
      const counted = isOne ? fields.slice(11, 15) : fields.slice(11, 13);
      return counted.reduce((sum, ticks) => sum + Number(ticks), 0) * msPerTick;
    }),
  );
  return usages.reduce((sum, one) => sum + one, 0);
}
