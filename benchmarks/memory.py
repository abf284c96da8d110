"""The memory that a contender needs: the peak of a process of its own."""

import json
import pathlib
import subprocess
import sys

CALLS = 5
ROOT = pathlib.Path(__file__).resolve().parent.parent


def peak(contender, name, mode, n, threads, onnx_file=None):
    """Largest resident set in bytes of a fresh process that imports, builds and calls `networks.make` CALLS times."""
    command = [sys.executable, "-m", "benchmarks.memory", contender, name, mode, str(n), str(threads)]
    command += [str(onnx_file)] if onnx_file else []
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def peak_of_this_process():
    """Largest resident set so far, in bytes."""
    try:
        with open("/proc/self/status") as file:  # getrusage would count the parent before the program was loaded
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmHWM"))
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def _child(contender, name, mode, n, threads, onnx_file=None):
    from benchmarks import networks

    networks.set_num_threads(contender, int(threads))
    call = networks.make(contender, name, mode, int(n), int(threads), onnx_file, filled=False)
    for _ in range(CALLS):
        call()
    print(json.dumps(peak_of_this_process()))


if __name__ == "__main__":
    _child(*sys.argv[1:])
