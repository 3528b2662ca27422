"""What the SDK costs, each figure beside that of the bare thing it is built on; see README.md."""
