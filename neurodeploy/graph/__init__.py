"""The float level: populations and projections in seconds, read from and written to NIR."""
