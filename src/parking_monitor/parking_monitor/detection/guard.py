"""End a model whose owner was killed.

A model exits when its client's socket closes, unless it hangs or has no client
yet. The kernel's parent-death signal is no help: it fires when the thread that
started the child ends, and it would kill a model that is about to clean up.
"""

import subprocess
from pathlib import Path

_SCRIPT = """
segments=
while read -r word name; do
  case $word in
    dismiss) exit 0 ;;
    remove) segments="$segments /dev/shm/${name#/}" ;;
  esac
done
sleep 1
kill -s KILL -- "-$1" 2>/dev/null
[ -z "$segments" ] || rm -f $segments
rm -f -- "$2"
rmdir -- "${2%/*}" 2>/dev/null
"""
"""Reads shared memory names until its input ends, which the owner's death brings;
allows the model a second to end by itself, then kills its session, and removes what it left:
the segments, its socket, and the folder of the socket unless something else is in it."""


class Guard:
    """Watch over one model's process session in a shell of about 1 MB."""

    def __init__(self, session: int, socket_path: Path) -> None:
        self._shell = subprocess.Popen(
            ['/bin/sh', '-c', _SCRIPT, 'eim-guard', str(session), str(socket_path.absolute())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def tell(self, segments: tuple[str, ...]) -> None:
        """Name shared memory segments to remove after the model."""
        self._write(''.join(f'remove {segment}\n' for segment in segments))

    def dismiss(self) -> None:
        """Let the guard go, without doing anything; call it once the model has ended."""
        self._write('dismiss\n')
        try:
            self._shell.wait(1.0)
        except subprocess.TimeoutExpired:
            self._shell.kill()
            self._shell.wait()
        if self._shell.stdin is not None:
            self._shell.stdin.close()

    def _write(self, text: str) -> None:
        pipe = self._shell.stdin
        if pipe is None or pipe.closed:
            return
        try:
            pipe.write(text.encode())
            pipe.flush()
        except BrokenPipeError:
            return
