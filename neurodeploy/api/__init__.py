"""The functions of ``import neurodeploy as nd``: names, paths or objects in, objects out."""
