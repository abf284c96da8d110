"""Inference in ONNX Runtime and OpenVINO: a function each that turns an ONNX file into a call. Each is imported on use.

Both in float32, on so many threads and with one image or batch at a time.
"""

import numpy as np


def _images(x):
    """(N, H, W, C) -> (N, C, H, W)."""
    return np.ascontiguousarray(x.transpose(0, 3, 1, 2))


def onnx_runtime(path, x, threads):
    """A function that returns the outputs for this batch."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    options.add_free_dimension_override_by_name("N", len(x))
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    feed = {"x": _images(x)}
    return lambda: session.run(None, feed)[0]


def openvino(path, x, threads):
    """A function that returns the outputs for this batch."""
    import openvino

    core, feed = openvino.Core(), {0: _images(x)}
    model = core.read_model(str(path))
    model.reshape(list(feed[0].shape))
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1,
                "PERFORMANCE_HINT": "LATENCY"}  # fmt: skip
    request = core.compile_model(model, "CPU", settings).create_infer_request()
    return lambda: request.infer(feed, share_inputs=True, share_outputs=True)[0]


RUNTIMES = {"ONNX Runtime": ("onnxruntime", onnx_runtime), "OpenVINO": ("openvino", openvino)}
