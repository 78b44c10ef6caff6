"""What other frameworks make of a NIR file, and networks rewritten so that they compute the same."""
