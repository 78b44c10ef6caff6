"""Proof that a bundle computes what was trained: levels, ladder, first divergence, statistics and gates."""
