"""The child process of a local model: a server of its own on a loopback port, for one key.

`python -P child.py PATH NAME`, with the key in NEXUS_MODEL_KEY. A file is served by llama.cpp, a folder by
transformers. Prints one line of JSON with its URL once the model is loaded, then serves until it is told to end or its
parent dies.
"""

import ctypes
import json
import os
import signal
import sys

KEY_VARIABLE = "NEXUS_MODEL_KEY"
CONTEXT = 8192
"""Tokens of a question and its answer."""
PARALLEL = 2
"""Questions that are answered at once."""
MOST_THREADS = 8
_PR_SET_PDEATHSIG = 1
_ALONE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    "TQDM_DISABLE": "1",
    "CUDA_VISIBLE_DEVICES": "",
}
"""No network, no bars, and no GPU: that is the trainings'."""


def main() -> None:
    die_with_parent()
    path, name = sys.argv[1:3]
    key = os.environ.pop(KEY_VARIABLE)
    told, sys.stdout = sys.stdout, sys.stderr  # a library's words are no answer of ours
    serve = _by_transformers if os.path.isdir(path) else _by_llama_cpp
    url, _server = serve(path, name, key)  # a server ends with the last name that it has
    told.write(json.dumps({"url": url}) + "\n")
    told.flush()
    signal.sigwait([signal.SIGTERM, signal.SIGINT])
    os._exit(0)  # the libraries' threads would keep it for seconds


def die_with_parent() -> None:
    """Linux only: the kernel ends this process when the thread that made it ends."""
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM, signal.SIGINT])
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def threads() -> int:
    return min(len(os.sched_getaffinity(0)), MOST_THREADS)


def _by_llama_cpp(file: str, name: str, key: str) -> tuple[str, object]:
    import xllamacpp  # 33 MB, of the extra `local`

    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.model_alias = {name}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.api_keys = [key]
    parameters.n_ctx = CONTEXT
    parameters.n_parallel = PARALLEL
    parameters.n_gpu_layers = 0
    parameters.cpuparams.n_threads = threads()
    server = xllamacpp.Server(parameters)
    return server.listening_address, server


def _by_transformers(folder: str, name: str, key: str) -> tuple[str, object]:
    os.environ.update(_ALONE)  # read while the libraries are imported
    from backend.agents.providers.local_models.transformers_serve import serve  # torch, of the extra `finetune`

    return serve(folder, name, key)


if __name__ == "__main__":
    main()
