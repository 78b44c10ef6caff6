"""What other frameworks mean by a NIR file: recognised, asked for, and then applied."""
