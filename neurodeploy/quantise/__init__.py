"""From the float Graph to the FixedGraph of integers and whole steps."""
