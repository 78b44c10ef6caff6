"""A user's own torch or Norse module becomes a Graph, with the module's own traces."""
