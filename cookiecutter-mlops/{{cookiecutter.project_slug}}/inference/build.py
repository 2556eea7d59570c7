"""Compiles inference/walker.c into this folder, where there is a C compiler: `python -m inference.build`.

The Dockerfile runs this in a stage of its own, `make` before it serves. The server loads no other machine code, and
never any that came with a model. Without a compiler nothing is left here, and plans are walked by NumPy.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(__file__).with_name("walker.c")
LIBRARY = Path(__file__).with_name("walker.so")
# No -march=native: the machine that serves may be an older one than the machine that builds. No contraction: NumPy
# rounds after each operation, and so must this.
FLAGS = ["-O3", "-std=c11", "-shared", "-fPIC", "-ffp-contract=off", "-Wall", "-Werror"]


def build() -> str | None:
    """Compile the walker, or return the sentence that says why it cannot be."""
    LIBRARY.unlink(missing_ok=True)
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        return "there is no C compiler (cc, gcc or clang), so NumPy walks the plan"
    with tempfile.TemporaryDirectory(dir=LIBRARY.parent) as folder:
        partial = Path(folder) / LIBRARY.name
        done = subprocess.run([compiler, *FLAGS, "-o", partial, SOURCE], capture_output=True, text=True)
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:] or ["no reason given"]
            return f"{Path(compiler).name} could not compile {SOURCE.name}: {last[0]}"
        ctypes.CDLL(str(partial))  # a library for another machine shows here, and not in the server
        partial.replace(LIBRARY)
    return None


if __name__ == "__main__":
    reason = build()
    print(f"inference/{LIBRARY.name} is built" if reason is None else f"no compiled walker: {reason}")
