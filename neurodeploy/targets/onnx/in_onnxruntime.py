"""onnxruntime as a runtime: runs a bundle's ONNX file, and knows nothing but that file."""

from __future__ import annotations

import importlib.util
import json
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from neurodeploy.data.samples import check_spikes
from neurodeploy.findings.codes_parity import RUNTIME_FAILED, RUNTIME_TOO_SLOW, STATE_OVERFLOW
from neurodeploy.findings.codes_program import NO_ONNX
from neurodeploy.findings.codes_usage import NO_SUCH_PATH
from neurodeploy.findings.finding import Exit, Finding, NeurodeployError
from neurodeploy.machine import available_cores
from neurodeploy.targets.onnx.scan_over import SPIKES
from neurodeploy.targets.onnx.sequences import SCORE, SCORE_PER_STEP
from neurodeploy.traces import PopulationTrace, Traces

SEQUENCE = "sequence.onnx"
"""The file that it runs."""

CHUNK_SAMPLES = 64
"""Samples that are computed side by side: a step of few samples costs as much as its operators' overhead."""


class OnnxRuntime:
    """onnxruntime on the processor; see :class:`neurodeploy.targets.target.Runtime`.

    Parameters
    ----------
    file
        Which file of a bundle it runs.
    """

    name = "onnx"

    def __init__(self, file: str = SEQUENCE) -> None:
        self.file = file

    def missing(self) -> Finding | None:
        """Say that onnxruntime is not installed; None where it is."""
        if importlib.util.find_spec("onnxruntime") is not None:
            return None
        return NO_ONNX.finding(
            where="onnxruntime",
            found="no module 'onnxruntime'",
            help="Install the extra that brings it: pip install 'neurodeploy[onnx]'.",
        )

    def run(
        self,
        bundle: Path,
        spikes: NDArray[np.integer[Any]],
        *,
        record: Sequence[str] = ("spikes", "v"),
        timeout_s: float | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> Traces:
        """Run the file of a bundle on samples.

        Parameters
        ----------
        bundle
            The folder.
        spikes
            ``[sample, step, source]``, whole numbers up to the file's ``input_max``.
        record
            ``v`` and ``u`` where they are wanted; spikes always are.
        timeout_s
            Limit for the whole run, in seconds; by default none.
        progress
            Called with (samples done, samples) after each chunk.

        Returns
        -------
        Traces
            Aligned, dtype uint8 and int32 (v of a float network: float64); the scores are those that
            the file computes.

        Raises
        ------
        NeurodeployError
            ND001 no such file; ND010, ND011 for the input; ND463 where a current leaves 32 bits; with exit
            code 4: ND430 onnxruntime is not installed, ND425 it failed, ND426 it exceeded the limit.
        """
        if missing := self.missing():
            raise NeurodeployError([missing], exit_code=Exit.BACKEND_MISSING)
        path = Path(bundle) / self.file
        if not path.is_file():
            raise NO_SUCH_PATH.error(where=str(path), help="Export the network with --target onnx.")
        session = open_session(path)
        facts = session.get_modelmeta().custom_metadata_map
        given = check_spikes(spikes, size=int(facts["input_size"]), maximum=int(facts["input_max"]))
        values = np.ascontiguousarray(given, dtype=np.uint8)
        names = list(json.loads(facts["latency_steps"]))
        scores = [one.name for one in session.get_outputs() if one.name in (SCORE, SCORE_PER_STEP)]
        keys = ["spikes", *(key for key in ("v", "u") if key in record)]
        wanted = [f"{name}/{key}" for name in names for key in keys] + scores
        found = _in_chunks(session, values, wanted, file=self.file, timeout_s=timeout_s, progress=progress)
        populations = {
            name: PopulationTrace(
                found[f"{name}/spikes"],
                found.get(f"{name}/v"),
                _narrow(found.get(f"{name}/u"), name),
            )
            for name in names
        }
        return Traces(populations, found.get(SCORE), found.get(SCORE_PER_STEP))


def open_session(path: Path) -> Any:
    """Open an ONNX file with one thread to a run: a step's products are too small to be shared out.

    Raises
    ------
    NeurodeployError
        ND425 with exit code 4: onnxruntime cannot read it.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise _failed(str(path), error) from None


def _in_chunks(
    session: Any,
    spikes: NDArray[np.uint8],
    wanted: Sequence[str],
    *,
    file: str,
    timeout_s: float | None,
    progress: Callable[[int, int], None] | None,
) -> dict[str, NDArray[Any]]:
    """Run chunks of samples over the cores of this process, each on one thread."""
    import onnxruntime

    n = len(spikes)
    n_threads = max(1, min(available_cores(), n))
    n_chunks = max(1, -(-n // CHUNK_SAMPLES), n_threads)
    edges = [n * k // n_chunks for k in range(n_chunks + 1)]
    options, done, lock = onnxruntime.RunOptions(), [0], threading.Lock()
    options.log_severity_level = 4
    ends = None if timeout_s is None else time.monotonic() + timeout_s

    def work(first: int, last: int) -> list[NDArray[Any]]:
        if ends is not None and time.monotonic() > ends:
            raise TimeoutError
        result = session.run(list(wanted), {SPIKES: spikes[first:last]}, options)
        with lock:
            done[0] += last - first
            if progress is not None:
                progress(done[0], n)
        return list(result)

    def stop() -> None:
        options.terminate = True

    clock = None if timeout_s is None else threading.Timer(timeout_s, stop)
    if clock is not None:
        clock.daemon = True
        clock.start()
    try:
        with ThreadPoolExecutor(n_threads) as pool:
            parts = list(pool.map(work, edges[:-1], edges[1:]))
    except NeurodeployError:
        raise
    except Exception as error:
        if ends is not None and time.monotonic() >= ends:
            raise RUNTIME_TOO_SLOW.error(
                where="onnxruntime",
                found=f"{done[0]} of {n} samples",
                limit=f"{timeout_s:g} s",
                help="Run fewer samples, or allow more time.",
            ) from None
        raise _failed(file, error) from None
    finally:
        if clock is not None:
            clock.cancel()
    return {
        name: np.concatenate(arrays) for name, arrays in zip(wanted, zip(*parts, strict=True), strict=True)
    }


def _narrow(u: NDArray[Any] | None, name: str) -> NDArray[np.int32] | None:
    """Give a current in the 32 bits of a trace, or refuse."""
    if u is None or u.dtype == np.int32:
        return u
    widest = int(np.abs(u).max()) if u.size else 0
    if widest > np.iinfo(np.int32).max:
        raise STATE_OVERFLOW.error(
            where=name,
            found=f"|u| up to {widest}",
            limit=f"|u| <= {np.iinfo(np.int32).max}",
            help="Lower the weight exponent or the input values: a chip's accumulator has 16 bits.",
        )
    return u.astype(np.int32)


def _failed(where: str, error: Exception) -> NeurodeployError:
    return RUNTIME_FAILED.error(
        where=where,
        found=f"onnxruntime: {type(error).__name__}: {error}".splitlines()[0][:300],
        help="Export the bundle again; compare with the simulator: --backend fixed.",
    )
