"""Run a bundle in Lava and write its traces; a script for Lava's own Python, which imports nothing of ours.

    python lava_runner.py BUNDLE IN.npz OUT.npz [--mode auto|netx|process] [--record v u] [--monitor]

Needs lava-nc 0.10.0, lava-dl 0.6.0 and Python 3.10. Everything is computed by Lava's own process models in
fixed point (``Loihi2SimCfg(select_tag="fixed_pt")``). Each sample gets a network built anew, because neither
Lava's LIFReset nor anything else in it empties delay buffers.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path

import h5py
import numpy as np
from lava.magma.core.run_conditions import RunSteps
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.atrlif.process import ATRLIF
from lava.proc.io.source import RingBuffer
from lava.proc.lif.process import LIF
from lava.proc.monitor.process import Monitor
from runner_processes import TapedAtrlif, TapedLif, connection_of, lif_of, subtracting

INPUT = "input"
MESSAGE_BITS = 8
"""Bits of a graded input message; inputs are uint8. Without them Lava makes booleans of the input."""


class Program:
    """What program.h5 holds; see neurodeploy/targets/loihi/program_file.py."""

    def __init__(self, path):
        with h5py.File(path, "r") as file:
            self.input_size = int(file.attrs["input_size"])
            self.input_max = int(file.attrs["input_max"])
            self.populations = {}
            for _, group in sorted(file["populations"].items()):
                arrays = {key: data[()] for key, data in group.items()}
                arrays["latency_steps"] = int(group.attrs["latency_steps"])
                arrays["reset"] = str(group.attrs.get("reset", "zero"))
                self.populations[str(group.attrs["name"])] = arrays
            self.projections = [
                {
                    **{key: data[()].astype(np.int32) for key, data in group.items()},
                    **{key: group.attrs[key] for key in ("source", "target", "exponent")},
                }
                for _, group in sorted(file["projections"].items())
            ]

    def max_latency(self):
        """Give how many steps to run beyond the input's length."""
        return max(p["latency_steps"] for p in self.populations.values())

    def groups(self, name):
        """Give the indices of the neurons of each chip process of a population; the input is one."""
        if name == INPUT:
            return [np.arange(self.input_size)]
        group = self.populations[name]["group"]
        return [np.flatnonzero(group == g) for g in range(group.max() + 1)]


def source_of(spikes, n_steps):
    """Make a RingBuffer that sends ``[step, source]`` and then nothing up to ``n_steps``."""
    data = np.zeros((spikes.shape[1], n_steps), dtype=np.int32)
    data[:, : len(spikes)] = spikes.T
    return RingBuffer(data=data)


def build_process_graph(program, spikes, n_steps):
    """Build groups and connections; give the process to run and the LIFs of each population."""
    source = source_of(spikes, n_steps)
    processes = {INPUT: [source]}
    for name, p in program.populations.items():
        make = lif_of if p["reset"] == "zero" else subtracting
        processes[name] = [make(p, members) for members in program.groups(name)]
    for projection in program.projections:
        graded = projection["source"] == INPUT and program.input_max > 1
        for weight, delay in zip(projection["weight"], projection["delay_steps"], strict=True):
            for j, pre in enumerate(program.groups(projection["source"])):
                for n, post in enumerate(program.groups(projection["target"])):
                    part = np.ix_(post, pre)
                    if not weight[part].any():
                        continue
                    connection = connection_of(
                        weight[part], delay[part], projection["exponent"], MESSAGE_BITS if graded else 0
                    )
                    processes[projection["source"]][j].s_out.connect(connection.s_in)
                    connection.a_out.connect(processes[projection["target"]][n].a_in)
    del processes[INPUT]
    return source, processes


def build_netx(path, program, spikes, n_steps):
    """Load network.net with lava-dl; give the process to run and the LIF of each population."""
    from lava.lib.dl.netx.hdf5 import Network  # imports torch: seconds that the process graph need not wait

    network = Network(net_config=str(path), input_message_bits=MESSAGE_BITS if program.input_max > 1 else 0)
    source = source_of(spikes, n_steps)
    source.s_out.connect(network.inp)
    names = list(program.populations)
    return network, {name: [layer.neuron] for name, layer in zip(names, network.layers, strict=True)}


def tape_of(lif, n_steps, record, folder):
    """Give a LIF process a file to write to; arrays ``[step, (s, v, u), neuron]``."""
    path = Path(folder) / f"{lif.id}.npy"
    shape = (n_steps, 3 if "u" in record else 2, lif.v.shape[0])
    np.lib.format.open_memmap(path, mode="w+", dtype=np.int32, shape=shape).flush()
    lif.proc_params["tape"] = str(path)
    return path


def monitors_of(lif, n_steps, record):
    """Give a LIF process Lava's own monitors, one for each quantity."""
    monitors = {}
    current = lif.i if isinstance(lif, ATRLIF) else lif.u
    for key, port in (("spikes", lif.s_out), ("v", lif.v), ("u", current)):
        if key == "spikes" or key in record:
            monitors[key] = Monitor()
            monitors[key].probe(port, n_steps)
    return monitors


def watch(main, ended):
    """End this process with the reason as soon as a worker of Lava has failed.

    Lava puts a worker's exception aside until the run is over, and then waits for that worker for ever.
    """
    while not ended.wait(0.2):
        runtime = main.runtime
        infrastructure = getattr(runtime, "_messaging_infrastructure", None)
        actors = list(getattr(infrastructure, "actors", ()))
        for actor in actors:
            failure = actor.exception
            if failure is None and actor.is_alive():
                continue
            text = failure[1] if failure else f"RuntimeError: a worker ended with code {actor.exitcode}"
            print(text, file=sys.stderr, flush=True)
            for orphan in actors:
                orphan.kill()
            infrastructure.smm.shutdown()
            os._exit(1)


def run_sample(build, n_steps, record, monitored):
    """Build the network, run it and give ``{population: [{quantity: [step, neuron]}, ...]}`` by group."""
    with tempfile.TemporaryDirectory() as folder:
        main, lifs = build()
        logs = {
            name: [
                monitors_of(lif, n_steps, record) if monitored else tape_of(lif, n_steps, record, folder)
                for lif in group
            ]
            for name, group in lifs.items()
        }
        models = {} if monitored else {LIF: TapedLif, ATRLIF: TapedAtrlif}
        config = Loihi2SimCfg(select_tag="fixed_pt", exception_proc_model_map=models)
        ended = threading.Event()
        guard = threading.Thread(target=watch, args=(main, ended), daemon=True)
        guard.start()
        try:
            main.run(condition=RunSteps(num_steps=n_steps), run_cfg=config)
            if monitored:
                return {name: [read_monitors(log) for log in group] for name, group in logs.items()}
        finally:
            ended.set()
            guard.join()
            main.stop()
        return {name: [read_tape(log) for log in group] for name, group in logs.items()}


def read_monitors(monitors):
    """Read the values back, ``[step, neuron]`` by quantity."""
    found = {}
    for key, monitor in monitors.items():
        (by_process,) = monitor.get_data().values()
        (found[key],) = by_process.values()
    return found


def read_tape(path):
    """Read a tape, ``[step, neuron]`` by quantity."""
    tape = np.load(path)
    return dict(zip(("spikes", "v", "u"), np.moveaxis(tape, 1, 0), strict=False))


def main():
    """Read arguments and input, run each sample, write the output."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("bundle", type=Path)
    parser.add_argument("input", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--mode", choices=("auto", "netx", "process"), default="auto")
    parser.add_argument("--record", nargs="*", choices=("v", "u"), default=["v"])
    parser.add_argument("--monitor", action="store_true")
    arguments = parser.parse_args()

    program = Program(arguments.bundle / "program.h5")
    with np.load(arguments.input, allow_pickle=False) as archive:
        spikes = archive["spikes"]
    netx = arguments.bundle / "network.net"
    mode = arguments.mode
    if mode == "auto":
        mode = "netx" if netx.is_file() else "process"
    n_samples, n_steps, _ = spikes.shape
    n_run = n_steps + program.max_latency()
    record = arguments.record
    out = {}
    for name, p in program.populations.items():
        shape = (n_samples, n_steps, len(p["dv"]))
        out[f"{name}/spikes"] = np.zeros(shape, dtype=np.uint8)
        for key in record:
            out[f"{name}/{key}"] = np.zeros(shape, dtype=np.int32)

    for sample in range(n_samples):
        start = time.perf_counter()

        def build(sample=sample):
            if mode == "netx":
                return build_netx(netx, program, spikes[sample], n_run)
            return build_process_graph(program, spikes[sample], n_run)

        traces = run_sample(build, n_run, record, arguments.monitor)
        for name, groups in traces.items():
            first = program.populations[name]["latency_steps"]
            for members, trace in zip(program.groups(name), groups, strict=True):
                for key in ("spikes", *record):
                    aligned = trace[key][first : first + n_steps]
                    if key == "v" and program.populations[name]["reset"] == "subtract":
                        fired = trace["spikes"][first : first + n_steps] != 0  # v is given after the reset
                        aligned = aligned - fired * (program.populations[name]["vth"][members] << 6)
                    out[f"{name}/{key}"][sample, :, members] = aligned.T
        seconds = round(time.perf_counter() - start, 3)
        print(json.dumps({"sample": sample + 1, "of": n_samples, "seconds": seconds}), flush=True)
    np.savez(arguments.output, **out)
    print(json.dumps({"mode": mode, "done": True}), flush=True)


if __name__ == "__main__":
    sys.exit(main())
