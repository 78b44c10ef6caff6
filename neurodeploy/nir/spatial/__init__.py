"""Nodes of a NIR graph that look at shapes: convolutions, pools and Flatten, and the shapes themselves."""
