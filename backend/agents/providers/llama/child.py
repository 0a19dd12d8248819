"""The child process of a local model: llama.cpp's server on a loopback port of its own.

`python -m backend.agents.providers.llama.child FILE NAME`, with the key in NEXUS_LLAMA_KEY. Prints one line of JSON
with its URL once the model is loaded, then serves until it is told to end or its parent dies.
"""

import ctypes
import json
import os
import signal
import sys

KEY_VARIABLE = "NEXUS_LLAMA_KEY"
_PR_SET_PDEATHSIG = 1
_CONTEXT = 8192
_PARALLEL = 2
_MOST_THREADS = 8


def main() -> None:
    die_with_parent()
    import xllamacpp  # 33 MB, of the extra `local`

    file, name = sys.argv[1:3]
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.model_alias = {name}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [os.environ.pop(KEY_VARIABLE)]
    parameters.n_ctx = _CONTEXT
    parameters.n_parallel = _PARALLEL
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = min(len(os.sched_getaffinity(0)), _MOST_THREADS)
    server = xllamacpp.Server(parameters)
    sys.stdout.write(json.dumps({"url": server.listening_address}) + "\n")
    sys.stdout.flush()
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    os._exit(0)  # the library's threads would keep it for seconds


def die_with_parent() -> None:
    """Linux only: the kernel ends this process when the thread that made it ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


if __name__ == "__main__":
    main()
