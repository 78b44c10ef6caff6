"""Train networks of Norse neurons with learned delays; the only folder that imports torch and norse."""
