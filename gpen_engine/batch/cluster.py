"""A batch on the workers of a Ray cluster, or of a small Ray that is started for it here.

Names go out and lines come back: each worker reads, restores and writes whole pictures by itself,
as ``local`` does it on one machine, so that pixels never travel. Ray Data hands out blocks of names
as workers ask for more, starts lost workers again and does their open blocks anew; what they had
written of them stays a part that nobody names, so nothing is there twice.
"""

from __future__ import annotations

import hashlib
import logging
import os
import pickle
import sys
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from ..errors import GpenError
from ..memory import keep_freed
from ..version import version
from .local import cores, run_here
from .storage import is_remote, plain
from .work import Explain, Finished, Item, Order, unexpected

if TYPE_CHECKING:
    from ray import ObjectRef

    from ..restore import Restorer
    from ..tasks.upscaling import Upscaler

LOCAL = "local"
"""As an address: a Ray of its own on this machine, on the loopback only."""
STORE = 256 << 20
"""Bytes of its object store, which holds weights and names."""
TRIES = 3
"""To start it."""
AHEAD = 2
"""Blocks that a worker has at once, the one it does and the next."""
BLOCK = 8
"""Pictures that are handed out at once, and lost with a worker, for each that it works on."""


@dataclass(frozen=True)
class Networks:
    """What a worker loads."""

    model: Path
    detector: Path | None
    parser: Path | None
    dtype: str
    upscaler: Path | None = None


@dataclass(frozen=True)
class Pool:
    """The workers of a batch.

    Attributes:
        workers: how many; None for all that the cluster has room for.
        cpus: cores of each, and pictures that it works on at once.
        gpus: graphics cards of each; less than 1 when several share one.
        memory: bytes that the pixels of its pictures may take, about; None for a quarter of what
            is free for each of its cores.
    """

    workers: int | None = None
    cpus: int = 1
    gpus: float = 0.0
    memory: int | None = None


@contextmanager
def connected(address: str, pool: Pool) -> Iterator[None]:
    """Within, Ray is there.

    Args:
        address: ``LOCAL``, ``auto`` or whatever ``ray.init`` takes.
        pool: what a Ray that is started here is to have room for.

    Raises:
        GpenError: ``cluster_missing`` when it is not installed or nothing answers.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")  # the rest stands in Ray's logs
    if address == LOCAL:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # on Linux too: the loopback only
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise GpenError(
            "cluster_missing",
            "Ray, which --cluster works with, is not installed.",
            "Install it beside gpen: pip install 'gpen-engine[cluster]'.",
        ) from error
    already = ray.is_initialized()
    if not already:
        try:
            _connect(address, pool)
        except Exception as error:  # some of Ray's are of no class of their own
            raise GpenError(
                "cluster_missing",
                f'No Ray cluster answers at "{address}".',
                f'Start it with "ray start --head", or give --cluster {LOCAL}.',
            ) from error
    try:
        yield
    finally:
        if not already:
            ray.shutdown()


def _connect(address: str, pool: Pool) -> None:
    import ray

    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address != LOCAL:
        ray.init(address, **quiet)
        return
    # Its workers are to run this very engine, wherever it was imported from.
    before = os.environ.get("PYTHONPATH")
    here = str(Path(__file__).parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join([here, *([before] if before else [])])
    try:
        _patiently(
            "local",
            num_cpus=max(cores(), (pool.workers or 1) * pool.cpus),
            include_dashboard=False,
            object_store_memory=STORE,
            **quiet,
        )
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def _patiently(*args: Any, **how: Any) -> None:
    """``ray.init``, again where it was not up within Ray's half a minute: on a busy machine."""
    import ray

    for _ in range(TRIES - 1):
        try:
            ray.init(*args, **how)
            return
        except Exception:  # some of Ray's are of no class of their own; the last try raises its own
            ray.shutdown()
    ray.init(*args, **how)


def run_there(
    order: Order, items: list[Item], networks: Networks, pool: Pool
) -> Generator[Finished]:
    """Restores pictures on the cluster, giving each as it is finished; Ray must be there.

    Args:
        order: what is to be done; its folder must be the same for all workers.
        items: with what.
        networks: which networks, from files of this machine.
        pool: on what.

    Raises:
        GpenError: ``cluster_failed`` when the workers cannot start or are lost again and again.
    """
    import ray
    from ray.data import ActorPoolStrategy, DataContext, from_items

    order = replace(order, output=_absolute(order.output))
    context = DataContext.get_current()
    context.enable_progress_bars = False
    context.execution_options.preserve_order = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is told by us
    size = BLOCK * pool.cpus
    workers = min(pool.workers or sys.maxsize, _room(pool))
    # A worker's share at most, so that all of them have something to do.
    size = max(1, min(size, -(-len(items) // workers)))
    data = from_items(
        [{"item": pickle.dumps(replace(i, source=_absolute(i.source)))} for i in items],
        override_num_blocks=-(-len(items) // size),
    )
    weights = _Weights.of(networks)  # keeps them in the object store for as long as it lives
    lines = data.map_batches(
        _Worker,
        fn_constructor_args=(order, weights, networks.dtype, pool),
        batch_size=size,
        compute=ActorPoolStrategy(size=workers, max_tasks_in_flight_per_actor=AHEAD),
        num_cpus=pool.cpus,
        num_gpus=pool.gpus,
    )
    try:
        for row in lines.iter_rows():
            yield pickle.loads(row["finished"])  # noqa: S301 (our own worker wrote it)
    except ray.exceptions.RayError as error:
        raise _explained(error) from error
    finally:
        del weights


def _absolute(address: str) -> str:
    """As workers understand it, which run elsewhere."""
    if address.startswith("memory://"):
        raise GpenError(
            "bad_option",
            f"What lies in the memory of this process ({address}) cannot be reached by workers.",
            "Name storage that all of them share.",
        )
    return address if is_remote(address) else str(Path(plain(address)).absolute())


def _room(pool: Pool) -> int:
    """Workers that the cluster has room for."""
    import ray

    there = ray.cluster_resources()  # type: ignore[no-untyped-call]
    room = int(there.get("CPU", 0) // pool.cpus)
    if pool.gpus:
        room = min(room, int(there.get("GPU", 0) / pool.gpus))
    if room < 1:
        raise GpenError(
            "bad_option",
            f"The cluster has no room for a worker with {pool.cpus} cores and {pool.gpus:g} cards.",
            "Lower --worker-cpus or --worker-gpus.",
        )
    return room


def _explained(error: Exception) -> GpenError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, GpenError):
            return cause
        cause = getattr(cause, "cause", None) or cause.__cause__
    text = str(error).strip().rpartition("\n")[2].rstrip(".")
    return GpenError(
        "cluster_failed",
        f"The workers of the cluster could not go on: {text}.",
        "Look at Ray's logs; then run the same command again: what is done is not done again.",
    )


@dataclass(frozen=True)
class _File:
    """A file in the object store, from where each node fetches it once."""

    name: str
    sha256: str
    content: ObjectRef[Any]

    @classmethod
    def of(cls, path: Path | None) -> _File | None:
        import numpy as np
        import ray

        if path is None:
            return None
        content = np.fromfile(path, np.uint8)
        return cls(path.name, hashlib.sha256(content.data).hexdigest(), ray.put(content))

    def placed(self, folder: Path) -> Path:
        """Writes it there.

        Raises:
            GpenError: ``checksum`` when something else arrived.
        """
        import ray

        content = ray.get(self.content)
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise GpenError(
                "checksum",
                f"The weights {self.name} arrived damaged at a worker.",
                "Run the same command again.",
            )
        path = folder / self.name
        content.tofile(path)
        return path


@dataclass(frozen=True)
class _Weights:
    version: str
    model: _File
    detector: _File | None
    parser: _File | None
    upscaler: _File | None

    @classmethod
    def of(cls, networks: Networks) -> _Weights:
        model = _File.of(networks.model)
        assert model
        others = (networks.detector, networks.parser, networks.upscaler)
        return cls(version(), model, *map(_File.of, others))

    def loaded(self, device: str, dtype: str) -> tuple[Restorer, Upscaler | None]:
        from ..restore import Restorer
        from ..tasks.upscaling import Upscaler

        if version() != self.version:
            raise GpenError(
                "cluster_failed",
                f"A worker has gpen {version()}, and you have {self.version}.",
                "Install the same version everywhere.",
            )
        with tempfile.TemporaryDirectory(prefix="gpen-") as name:
            # Weights may be mapped from their files, which the system keeps for as long as they are
            # in use, removed or not.
            model, detector, parser, weights = (
                None if file is None else file.placed(Path(name))
                for file in (self.model, self.detector, self.parser, self.upscaler)
            )
            assert model
            upscaler = Upscaler(weights, device) if weights else None
            restorer = Restorer(model, detector=detector, parser=parser, device=device, dtype=dtype)
            return restorer, upscaler


class _Worker:
    """An actor of Ray's that holds the networks. It does a block at a time."""

    def __init__(self, order: Order, weights: _Weights, dtype: str, pool: Pool) -> None:
        keep_freed()
        self.order, self.pool = order, pool
        share = pool.cpus / max(cores(), pool.cpus)
        self.memory = pool.memory or int(psutil.virtual_memory().available / 4 * share)
        self.restorer, self.upscaler = weights.loaded("cuda" if pool.gpus else "cpu", dtype)

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        items = [pickle.loads(item) for item in block["item"]]  # noqa: S301 (from our driver)
        finished = run_here(
            self.order,
            items,
            [self.restorer],
            jobs=self.pool.cpus,
            processors=self.pool.cpus,
            memory=self.memory,
            explain=_in_log(unexpected),
            task=lambda restorer: self.order.task.made(restorer, upscaler=self.upscaler),
        )
        return {"finished": [pickle.dumps(one) for one in finished]}


def _in_log(explain: Explain) -> Explain:
    """Writes what nobody foresaw to the worker's log, where Ray keeps it."""

    def told(error: Exception) -> GpenError:
        fault = explain(error)
        if fault is not error:
            logging.getLogger("gpen").error(fault.sentence, exc_info=error)
        return fault

    return told
