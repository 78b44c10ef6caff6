"""From the float Graph to Loihi's integers and whole steps."""
