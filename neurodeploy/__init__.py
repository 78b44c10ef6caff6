"""Train delayed spiking networks, deploy them to neuromorphic chips, and prove the deployment equal."""

__version__ = "0.1.0"
