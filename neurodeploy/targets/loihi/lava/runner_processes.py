"""Lava's neurons and connections as a program wants them; the runner's other half, for Lava's own Python."""

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.atrlif.models import PyATRLIFModelFixed
from lava.proc.atrlif.process import ATRLIF
from lava.proc.dense.process import DelayDense, Dense
from lava.proc.lif.models import PyLifModelBitAcc
from lava.proc.lif.process import LIF
from lava.proc.sparse.process import DelaySparse, Sparse
from scipy.sparse import csr_matrix


@implements(proc=LIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class TapedLif(PyLifModelBitAcc):
    """Lava's fixed-point LIF, unchanged, that also writes each step's state to a file.

    Lava's Monitor hands every recorded number to the main process as a message of its own, which takes
    longer than the simulation; ``--monitor`` uses it nevertheless, and a test shows that both agree.
    """

    def __init__(self, proc_params):
        super().__init__(proc_params)
        self.tape = None

    def run_spk(self):
        """Do what Lava does, then record s, v and u of this step."""
        super().run_spk()
        if self.tape is None:
            self.tape = np.load(self.proc_params["tape"], mmap_mode="r+")
        row = self.tape[self.time_step - 1]
        row[0], row[1] = self.s_out_buff, self.v
        if len(row) > 2:
            row[2] = self.u


@implements(proc=ATRLIF, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class TapedAtrlif(PyATRLIFModelFixed):
    """Lava's fixed-point ATRLIF, unchanged, that also writes each step's state to a file."""

    def __init__(self, proc_params):
        super().__init__(proc_params)
        self.tape = None

    def run_spk(self):
        """Do what Lava does, then record s, v and the current of this step."""
        super().run_spk()
        if self.tape is None:
            self.tape = np.load(self.proc_params["tape"], mmap_mode="r+")
        row = self.tape[self.time_step - 1]
        row[0], row[1] = self.s, self.v
        if len(row) > 2:
            row[2] = self.i


def connection_of(weight, delay, exponent, message_bits):
    """Make the connection class that takes the least time on a CPU, all with the same arithmetic.

    Lava rebuilds its delay matrices at every step, so both delayed classes cost in proportion to the
    number of delay slots; the dense one to post * pre per slot, the sparse one to a fixed cost and the
    synapses (measured: 4.6 ns an entry against 90 us and 5 ns a synapse).
    """
    weight = weight.copy()
    delay = np.where(weight != 0, delay, 0).astype(int)  # Lava refuses int32 delays
    keywords = {"weight_exp": int(exponent), "num_message_bits": message_bits}
    n_synapses, n_entries = np.count_nonzero(weight), weight.size
    if not delay.any():
        if 4 * n_synapses + 500_000 < n_entries:
            return Sparse(weights=csr_matrix(weight), **keywords)
        return Dense(weights=weight, **keywords)
    keywords["max_delay"] = int(delay.max())
    if n_synapses + 20_000 < n_entries:
        return DelaySparse(weights=csr_matrix(weight), delays=csr_matrix(delay), **keywords)
    return DelayDense(weights=weight, delays=delay, **keywords)


def lif_of(p, members):
    """Make Lava's LIF of one group: a spike sets v to 0."""
    return LIF(
        shape=(len(members),),
        du=int(p["du"][members[0]]),
        dv=int(p["dv"][members[0]]),
        vth=int(p["vth"][members[0]]),
        bias_mant=p["bias_mantissa"][members],
        bias_exp=p["bias_exponent"][members],
        v=p["v_initial"][members],
    )


def subtracting(p, members):
    """Make Lava's ATRLIF of one group, whose connections to itself subtract what a spike takes off.

    ``delta_r = 1`` empties the refractory state before every comparison and ``theta_step = 0`` keeps the
    threshold, so ATRLIF spikes where ``v >= theta_0`` and leaves v. Its decays are numbers in 4096ths;
    its current's register counts one more, as LIF's du does.
    """
    dv, vth = int(p["dv"][members[0]]), int(p["vth"][members[0]])
    neuron = ATRLIF(
        shape=(len(members),),
        delta_i=int(p["du"][members[0]]) / 4096,
        delta_v=dv / 4096,
        delta_r=1,
        delta_theta=0,
        theta_0=vth,
        theta_step=0,
        bias_mant=p["bias_mantissa"][members],
        bias_exp=p["bias_exponent"][members],
        v=p["v_initial"][members],
    )
    fall = vth if p["reset"] == "subtract_late" else (vth * (4096 - dv) + 2048) // 4096
    exponent = max(0, fall.bit_length() - 8)
    coarse = fall >> exponent
    for weight, shift in ((coarse, exponent), (fall - (coarse << exponent), 0)):
        if weight:
            diagonal = np.diag(np.full(len(members), -weight))
            connection = connection_of(diagonal, np.zeros_like(diagonal), shift, 0)
            neuron.s_out.connect(connection.s_in)
            connection.a_out.connect(neuron.a_in)
    return neuron
