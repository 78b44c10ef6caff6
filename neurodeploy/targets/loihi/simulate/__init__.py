"""The integer simulator: a readable definition and its fast twin."""
