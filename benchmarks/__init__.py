"""What the SDK costs, each figure beside that of the bare thing it is built on; see README.md."""

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # some measure the bare ONNX Runtime, which would use the network
