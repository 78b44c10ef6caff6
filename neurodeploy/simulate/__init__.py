"""The integer meaning of a FixedGraph: a readable reference, and fast twins that share no logic with it."""
