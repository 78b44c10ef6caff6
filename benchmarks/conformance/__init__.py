"""The conformance matrix: each framework in its own environment, against neurodeploy, in both directions."""
