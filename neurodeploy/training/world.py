"""Data-parallel training under torchrun: who does which part of a batch, and sums over processes."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, distributed

CPU = torch.device("cpu")


@dataclass(frozen=True, slots=True)
class World:
    """The processes that train together.

    Attributes
    ----------
    rank, size
        This process's number (from 0) and how many there are.
    device
        Where this process computes.
    """

    rank: int = 0
    size: int = 1
    device: torch.device = CPU

    @property
    def first(self) -> bool:
        """Whether this process writes files and prints."""
        return self.rank == 0

    def part(self, n: int) -> slice:
        """Give this process's part of ``n`` samples; parts differ by at most one sample."""
        return slice(n * self.rank // self.size, n * (self.rank + 1) // self.size)

    def sum_(self, tensor: Tensor) -> Tensor:
        """Sum a tensor over all processes, in place."""
        if self.size > 1:
            distributed.all_reduce(tensor)
        return tensor

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Sum the gradients over all processes, in one message."""
        if self.size == 1:
            return
        gradients = []
        for parameter in parameters:
            if parameter.grad is None:  # a rank without samples still takes part in the sum
                parameter.grad = torch.zeros_like(parameter)
            gradients.append(parameter.grad)
        flat = self.sum_(torch.cat([gradient.flatten() for gradient in gradients]))
        for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def wait(self) -> None:
        """Wait until every process is here."""
        if self.size > 1:
            distributed.barrier()


@contextlib.contextmanager
def joined_world() -> Iterator[World]:
    """Join the processes that torchrun started; alone where it did not.

    gloo on CPUs, nccl where CUDA is available (device-neutral code; run on CPUs only so far).
    """
    cuda = torch.cuda.is_available()
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1 or "RANK" not in os.environ or "MASTER_ADDR" not in os.environ:
        yield World(device=torch.device("cuda" if cuda else "cpu"))
        return
    local = int(os.environ.get("LOCAL_RANK", "0"))
    device = torch.device("cuda", local) if cuda else torch.device("cpu")
    if cuda:
        torch.cuda.set_device(device)
    distributed.init_process_group("nccl" if cuda else "gloo")
    try:
        yield World(rank=distributed.get_rank(), size=distributed.get_world_size(), device=device)
    finally:
        distributed.destroy_process_group()
