"""Loihi 2: rules, lowering to integers, the bit-exact simulator, NetX files and Lava."""
