"""Facts of a verification as terminal text, JSON, JUnit XML and one self-contained HTML file."""
