"""Runs m.onnx of the current folder on image.f32 and compares with logits.f32 and probabilities.f32."""
import numpy
import onnx
import onnxruntime

model = onnx.load("m.onnx")
onnx.checker.check_model(model, full_check=True)
session = onnxruntime.InferenceSession("m.onnx", providers=["CPUExecutionProvider"])
shape = session.get_inputs()[0].shape
image = numpy.fromfile("image.f32", "<f4").reshape(-1, *shape[1:])
for name, output in zip(["logits", "probabilities"], session.run(["logits", "probabilities"], {"image": image})):
    expected = numpy.fromfile(name + ".f32", "<f4").reshape(output.shape)
    difference = abs(output - expected).max()
    if not difference <= 1e-5 * max(1, abs(expected).max()):
        raise SystemExit(f"{name}: largest difference {difference}")
