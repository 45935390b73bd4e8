import { type ChildProcess, spawn } from 'node:child_process';

// Reads "+ GROUP", "- GROUP" and "rm FOLDER" lines. When its input ends, the process that wrote them is
// gone, however it went: then it kills the groups that are left and removes the folders.
const script = `
groups=' '
folders=''
while read -r verb value; do
  case "$verb" in
    +) groups="$groups$value " ;;
    -) groups="\${groups%% $value *} \${groups#* $value }" ;;
    rm) folders="$folders$value
" ;;
  esac
done
for group in $groups; do kill -KILL "-$group" 2>/dev/null; done
sleep 0.2 # the killed may still be on their way out, and write
printf '%s' "$folders" | while IFS= read -r folder; do rm -rf "$folder"; done
`;

let reaper: ChildProcess | undefined;

function tell(line: string): void {
  if (!reaper) {
    // Its own session: Ctrl-C in a terminal must not end it before its work.
    reaper = spawn('/bin/sh', ['-c', script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    reaper.unref();
    (reaper.stdin as unknown as { unref(): void }).unref();
  }
  reaper.stdin?.write(`${line}\n`);
}

/**
 * Promises that the process group is killed when this process ends, also by a crash or SIGKILL: a small
 * shell holds the other end of a pipe and acts when it closes. No signal handler is installed.
 */
export function reapGroupAtEnd(group: number): void {
  tell(`+ ${group}`);
}

/** Takes back {@link reapGroupAtEnd}, for a group that has ended: its number may be given to another. */
export function groupHasEnded(group: number): void {
  tell(`- ${group}`);
}

/** Promises that the folder is removed when this process ends, after its groups were killed. Absolute path. */
export function removeFolderAtEnd(folder: string): void {
  tell(`rm ${folder}`);
}
