"""Mutated files through the command line: no traceback, hang, flood, half-written file or false pass.

    python -m benchmarks.fuzz [--kinds nir,bundle,npz,recipe,shd] [--n N] [--seed N] [--short] [--replay DIR]

A black box: the program is only ever called as a command, in a process forked for each call.
"""
