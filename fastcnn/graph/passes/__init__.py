"""Passes: small pure functions Graph -> Graph, each with a name under which it can be left out."""

from fastcnn.graph.passes.pipeline import PASSES, graph_pass, run_passes
from fastcnn.graph.passes.rewrites import Rule, count_readers, rewrite

__all__ = ["PASSES", "Rule", "count_readers", "graph_pass", "rewrite", "run_passes"]
