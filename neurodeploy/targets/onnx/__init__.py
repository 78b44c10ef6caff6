"""ONNX: a chip's integers in files that run wherever onnxruntime runs."""
