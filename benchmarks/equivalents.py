"""Mutants of the simulators that compute the same, each with the proof."""

# ruff: noqa: E501 -- statements are quoted as they are

from __future__ import annotations

_U_FORGETS_ONE = "keep_u is at most 4095, so a |u| of 1 decays to (1 * keep_u) >> 12 = 0 at the first step"
_MINUS_ZERO = "the cases differ for 0 alone, where m is 0 and -0 is 0"
_SKIPS = "only saves time: without it, nothing (or zeros) is added"
_GENERAL_PATH = (
    "no listed value is 0, so every spike takes the other branch, which multiplies by its value, 1 included"
)
_BOTH_READ = "neither writes what the other reads: one counts events, the other adds arrivals"
_OLD_HEAD = (
    "only says where the buffers, all zero after a reset, are read from; they are compacted where they end"
)
_PADDING = "only allocates more: the places beyond are never read"
_SHIFT_BY_ZERO = (
    "the cases differ for exponent 0 alone, where either shift is by 0 and 1 << 0 divides everything"
)
_ONE_START_MORE = "only start j and start j + 1 of a source neuron j are read"

EQUIVALENT: dict[str, str] = {
    "kernel.reset: state.u[n] = 0  ==>  state.u[n] = 1": _U_FORGETS_ONE,
    "kernel.reset: state.u[n] = 0  ==>  state.u[n] = -1": _U_FORGETS_ONE,
    "kernel._update: peak = cast(0)  ==>  peak = cast(-1)": "it is a maximum of absolute values, which are >= 0",
    "kernel._update: widest = cast(0)  ==>  widest = cast(1)": "it is only compared with 2**31 - 1",
    "kernel._update: widest = cast(0)  ==>  widest = cast(-1)": "it is only compared with 2**31 - 1",
    "kernel._update: if words[k] != 0:  ==>  if words[k] != -1:": _SKIPS,
    "kernel._update: x = cast((-m if x < 0 else m) + cast(a << 6))  ==>  "
    "x = cast((-m if x <= 0 else m) + cast(a << 6))": _MINUS_ZERO,
    "kernel._update: x = cast((-m if x < 0 else m) + cast(a << 6))  ==>  "
    "x = cast((-m if x < 1 else m) + cast(a << 6))": _MINUS_ZERO,
    "kernel._update: x = cast((-m if x < 0 else m) + cast(a << 6))  ==>  "
    "x = cast((-m if x < -1 else m) + cast(a << 6))": _U_FORGETS_ONE,
    "kernel._update: y = cast(cast((-m if y < 0 else m) + x) + bias[n])  ==>  "
    "y = cast(cast((-m if y <= 0 else m) + x) + bias[n])": _MINUS_ZERO,
    "kernel._update: y = cast(cast((-m if y < 0 else m) + x) + bias[n])  ==>  "
    "y = cast(cast((-m if y < 1 else m) + x) + bias[n])": _MINUS_ZERO,
    "kernel._update: state.facts[0] = max(state.facts[0], peak); "
    "state.facts[2] = max(state.facts[2], widest)  ==>  swapped": "they write different facts",
    "kernel._update: y = min(max(y, cast(-_V_LIMIT)), cast(_V_LIMIT)); fire = y > threshold[n]  ==>  swapped": (
        "a threshold is 0 .. 131071 << 6 = 8388544, within the limits of 8388607: clipping moves no v across it"
    ),
    "kernel._send: continue  ==>  pass": _SKIPS,
    "kernel._send: if value == 1:  ==>  if value == 0:": _GENERAL_PATH,
    "kernel._advance: _count_events(begin, n_window, tables, state); "
    "for i in range(tables.n_parts[0, 1]):  ==>  swapped": _BOTH_READ,
    "kernel._advance: _count_events(p, n_window, tables, state); "
    "for i in range(tables.n_parts[p, 1]):  ==>  swapped": _BOTH_READ,
    "kernel.run: head = 0  ==>  pass": _OLD_HEAD,
    "kernel.run: head = 0  ==>  head = 1": _OLD_HEAD,
    "kernel.run: if head + n_window > window:  ==>  if head + n_window >= window:": (
        "compacting earlier than needed moves the same arrivals"
    ),
    "wiring._parts: if exponent < 0 and np.any(weight % (1 << -exponent)):  ==>  "
    "if exponent <= 0 and np.any(weight % (1 << -exponent)):": _SHIFT_BY_ZERO,
    "wiring._parts: if exponent < 0 and np.any(weight % (1 << -exponent)):  ==>  "
    "if exponent < 1 and np.any(weight % (1 << -exponent)):": _SHIFT_BY_ZERO,
    "wiring._parts: weight = weight << exponent if exponent > 0 else weight >> -exponent  ==>  "
    "weight = weight << exponent if exponent >= 0 else weight >> -exponent": _SHIFT_BY_ZERO,
    "wiring._parts: weight = weight << exponent if exponent > 0 else weight >> -exponent  ==>  "
    "weight = weight << exponent if exponent > -1 else weight >> -exponent": _SHIFT_BY_ZERO,
    "wiring._parts: starts = np.searchsorted(synapses.pre, np.arange(n_pre + 1))  ==>  "
    "starts = np.searchsorted(synapses.pre, np.arange(n_pre + 2))": _ONE_START_MORE,
    "wiring._parts: starts = np.arange(n_pre + 1, dtype=np.int64) * n_post  ==>  "
    "starts = np.arange(n_pre + 2, dtype=np.int64) * n_post": _ONE_START_MORE,
    "wiring._parts: starts = np.searchsorted(synapses.pre[rest], np.arange(n_pre + 1))  ==>  "
    "starts = np.searchsorted(synapses.pre[rest], np.arange(n_pre + 2))": _ONE_START_MORE,
    "wiring._parts: weight = weight << exponent if exponent > 0 else weight >> -exponent; "
    "parts, rest = ([], np.ones(weight.size, dtype=bool))  ==>  swapped": "a shift does not change the size",
    "wiring._tables: member[0] = -1; for k in range(len(looped)):  ==>  swapped": (
        "the loop writes populations, which are numbered from 1"
    ),
    "wiring._tables: rows[0] = 0  ==>  pass": _PADDING,
    "wiring._tables: rows[0] = 0  ==>  rows[0] = 1": _PADDING,
    "wiring._tables: member[0] = -1  ==>  member[0] = -2": "only has to differ from every component's number",
    "wiring._tables: rows = window + depth + 1  ==>  rows = window + depth + 2": _PADDING,
    "wiring._tables: stride = (size + 7) // 8 * 8  ==>  stride = (size + 7) * 8 * 8": _PADDING,
    "wiring._tables: stride = (size + 7) // 8 * 8  ==>  stride = (size + 7) // 7 * 8": _PADDING,
    "wiring._tables: stride = (size + 7) // 8 * 8  ==>  stride = (size + 8) // 8 * 8": _PADDING,
    "wiring._tables: spikes_at = _starts(size * window + 8)  ==>  spikes_at = _starts(size * window + 9)": _PADDING,
    "wiring._tables: spikes_at = _starts(size * window + 8)  ==>  spikes_at = _starts(size * window + 7)": (
        "one place beyond a list's end is all that is written"
    ),
    "wiring._tables: part_of = np.zeros((len(size), 2, max(len(parts), 1)), dtype=np.int64)  ==>  "
    "part_of = np.zeros((len(size), 3, max(len(parts), 1)), dtype=np.int64)": _PADDING,
    "wiring._tables: part_of = np.zeros((len(size), 2, max(len(parts), 1)), dtype=np.int64)  ==>  "
    "part_of = np.zeros((len(size), 2, max(len(parts), 2)), dtype=np.int64)": _PADDING,
    "wiring._tables: part_of = np.zeros((len(size), 2, max(len(parts), 1)), dtype=np.int64)  ==>  "
    "part_of = np.zeros((len(size), 2, max(len(parts), 0)), dtype=np.int64)": "without parts it is not read",
    "wiring._tables: n_parts = np.zeros((len(size), 2), dtype=np.int64)  ==>  "
    "n_parts = np.zeros((len(size), 3), dtype=np.int64)": _PADDING,
    "wiring._tables: cell_offset = [np.zeros(0, np.int64) if p.cell_offset is None else p.cell_offset for p in parts]"
    "  ==>  cell_offset = [np.zeros(1, np.int64) if p.cell_offset is None else p.cell_offset for p in parts]": (
        "the cells of a part of another kind are never read"
    ),
    "naive.decayed: return size if x >= 0 else -size  ==>  return size if x > 0 else -size": _MINUS_ZERO,
    "naive.decayed: return size if x >= 0 else -size  ==>  return size if x >= 1 else -size": _MINUS_ZERO,
    "naive.shifted: return total << exponent if exponent > 0 else total >> -exponent  ==>  "
    "return total << exponent if exponent >= 0 else total >> -exponent": _SHIFT_BY_ZERO,
    "naive.shifted: return total << exponent if exponent > 0 else total >> -exponent  ==>  "
    "return total << exponent if exponent > -1 else total >> -exponent": _SHIFT_BY_ZERO,
    "naive.simulate_reference: facts = {'max_abs_accumulator': 0, 'synaptic_events': 0}  ==>  "
    "facts = {'max_abs_accumulator': -1, 'synaptic_events': 0}": "it is a maximum of absolute values",
    "naive.simulate_reference: u = {p.name: [0] * p.size for p in program.populations}  ==>  "
    "u = {p.name: [1] * p.size for p in program.populations}": _U_FORGETS_ONE,
    "naive.simulate_reference: u = {p.name: [0] * p.size for p in program.populations}  ==>  "
    "u = {p.name: [-1] * p.size for p in program.populations}": _U_FORGETS_ONE,
    "naive.simulate_reference: if 0 <= aligned < n_steps:  ==>  if -1 <= aligned < n_steps:": (
        "step -1 writes the last step's place, which the last step writes again later"
    ),
}
