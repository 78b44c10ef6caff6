"""A target, a data set and a pass that neurodeploy knows nothing of; see docs/how-to/extend.md."""
