"""Read ONNX files back, with no code of what writes them."""
