"""Which passes there are, and in which order they run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastcnn.graph.graph import Graph

__all__ = ["PASSES", "graph_pass", "run_passes"]

Pass = Callable[[Graph], Graph]

#: All passes, in the order in which they run. Those about particular operations are written beside
#: them, in :mod:`fastcnn.ops`.
PASSES = (
    "drop_custom_gradients",
    "cancel_transposes",
    "fold_batch_norm",
    "fuse_batch_norm",
    "gate_batch_norm_gradient",
    "recompute_normalized",
    "fuse_residual",
    "fuse_activation",
    "gate_pooled_gradient",
    "fuse_max_pool",
    "fuse_elementwise",
)
_registered: dict[str, Pass] = {}


def graph_pass(function: Pass) -> Pass:
    """Makes ``function`` the pass of its name, which must be one of :data:`PASSES`."""
    name = function.__name__
    assert name in PASSES, name
    assert name not in _registered, name
    _registered[name] = function
    return function


def run_passes(
    graph: Graph,
    *,
    without: Sequence[str] = (),
    watch: Callable[[str, Graph], object] | None = None,
) -> Graph:
    """Runs all passes but those named.

    Args:
        graph: What to rewrite; it stays as it is.
        without: Names of passes to leave out.
        watch: Called after each pass with its name and what it returned.

    Raises:
        ValueError: ``without`` names a pass that does not exist.
        RuntimeError: A pass is not registered.
    """
    for name in without:
        if name not in PASSES:
            raise ValueError(f"no pass is called {name!r}; there are {', '.join(PASSES)}")
    wanted = [name for name in PASSES if name not in without]
    missing = [name for name in wanted if name not in _registered]
    if missing:
        raise RuntimeError(
            f"no module has registered the passes {', '.join(missing)}: import fastcnn.ops, or "
            "leave them out by name"
        )
    for name in wanted:
        graph = _registered[name](graph)
        if watch is not None:
            watch(name, graph)
    return graph
